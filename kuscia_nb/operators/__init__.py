"""What a task runs: one package per operator, each an async party program with its parameters and results."""
