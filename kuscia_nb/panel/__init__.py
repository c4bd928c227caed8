"""The kernel's half of the JupyterLab side panel: what it is told over a comm, and what it may ask.

A panel opens a comm with the target "kuscia_nb" on a notebook's own kernel connection. `%load_ext kuscia_nb` registers
the target. Where there is none, Jupyter closes the comm at once, which means: not loaded. `%unload_ext` closes all
comms.

`protocol` has every message, entity and answer as a type, `requests` every method; docs/reference/panel.md shows them.

**Kernel to panel.** A snapshot comes first. Deltas come at most ten times a second, and only when something has
changed: take out `removed`, then put in `entities`, each as a whole. Who misses a version asks for a snapshot.

**Panel to kernel.** Every request gets a reply with its id. That to `snapshot` is followed by the snapshot. form, files
and put start the nodes, as every first use of them does; the others do not.

**Entities** have ids whose parts are names without "/": alice, alice/JOB, alice/JOB/TASK, alice/JOB/TASK/host.0, ttp.
A snapshot has them in the order of the tree: nodes, each with its jobs, the newest first, each with its tasks and their
parties; then the TTP. In a delta a new job goes first on its node (several in the order of the delta), and all else
that is new goes last in what it belongs to. Without nodes there are no entities. It is the cluster that `kn.connect()`
gives; looking at it starts none. Those that were made with a storage folder of their own are not shown.
"""
