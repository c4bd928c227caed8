"""A node's objects in the words of Kubernetes' own API, so that the real kubectl, k9s and such see the node.

It listens on this machine alone, and only to who has the key that `Kubeconfig` writes: what is asked here can start,
stop and delete jobs. It says no more of Kubernetes than those programs ask for: discovery, objects, tables, watches.
"""
