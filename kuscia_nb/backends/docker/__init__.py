"""Kuscia's own Autonomy containers as the nodes of a cluster, reached by Docker's exec alone.

No port, certificate or address of a container is needed, so it works with Docker Desktop, with `ssh://` and rootless
engines. Only `engine` knows Docker's SDK; whoever has it not installed is told so when a cluster is asked for.
"""
