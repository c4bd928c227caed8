"""The BFIA standard: the create-job request, and its translation to and from a KusciaJob (spec: bfia §1, kuscia §3)."""
