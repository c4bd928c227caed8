"""Where a cluster lives. `local`: two nodes and a TTP in this process."""
