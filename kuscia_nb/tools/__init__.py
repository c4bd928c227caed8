"""Scripts that run elsewhere, in a Python that has not this package."""
