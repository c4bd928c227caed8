"""Where the nodes are that a cluster consists of, and what runs on them."""

DOMAINS = ("alice", "bob")
"""The nodes that come up at the first use."""
