"""The BFIA standard: its messages, their translation to and from a KusciaJob, and a node's answers and questions."""
