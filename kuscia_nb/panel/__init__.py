"""The kernel's half of the JupyterLab side panel: what it is told over a comm, and what it may ask.

A panel opens a comm with the target "kuscia_nb" on a notebook's own kernel connection; its data is {"protocol": 1}.
`%load_ext kuscia_nb` registers the target. Where there is none, Jupyter closes the comm at once, which means: not
loaded. `%unload_ext` closes all comms.

**Kernel to panel** (the data of comm_msg)

    {"type": "snapshot", "version": N, "entities": {id: entity}}
    {"type": "delta", "version": N + 1, "entities": {id: entity}, "removed": [id, ...]}
    {"type": "reply", "id": K, "result": ...}
    {"type": "reply", "id": K, "error": {"title": "JobError", "message": "...", "where": "...", "hint": "..."}}

A snapshot comes first. Deltas come at most ten times a second, and only when something has changed: take out `removed`,
then put in `entities`, each as a whole. Who misses a version asks for a snapshot.

**Panel to kernel**: {"type": "request", "id": K, "method": "...", "params": {...}}. Every request gets a reply.

**Entities**, by ids whose parts are names without "/". Times are milliseconds since the epoch, phases Kuscia's.

    alice                     kind "node": name, url (of its BFIA API, or null), jobs, running
    ttp                       kind "ttp": name, sessions, requests, bytes
    alice/JOB                 kind "job", as that node sees it: node, name, initiator, phase, started, ended (or null),
                              progress (0 to 1), message, trace ("full", "sizes", "off"), messages, bytes
    alice/JOB/TASK            kind "task": node, job, name (the taskID), alias, phase, progress, message
    alice/JOB/TASK/host.0     kind "party": name, domain, phase; while it runs and if it counts them also epoch, epochs,
                              batch, batches

A snapshot has them in the order of the tree: nodes, each with its jobs, the newest first, each with its tasks and their
parties; then the TTP. In a delta a new job goes first on its node (several in the order of the delta), and all else
that is new goes last in what it belongs to. Without nodes there are no entities. It is the cluster that `kn.connect()`
gives; looking at it starts none. Those that were made with a storage folder of their own are not shown.

**Methods** (params -> result)

    snapshot {} -> null                                         the snapshot comes behind the reply
    conditions {node, job, task?} -> [{type, status, reason, message, time}]
    stop {job} -> null; delete {job} -> null                    on both nodes; the reply comes when it is done
    yaml {node, job} -> {text}                                  what `kubectl get kj JOB -o yaml` prints on that node
    line {node, job, task?, what} -> {line}                     what: get, describe, logs, delete
    source {job, what} -> {source}                              code of a cell; what: result, trace
    form {} -> {nodes, names, operators, files}                 files: by node [{name, bytes}]
        names: by operator, for a job, that no job has
        operators: [{name, appImage, description, inputs, outputs, parameters}]
        parameters: [{name, type, required, default, allowed, choices, unit, meaning, own}], but for the file's
    compose {format, operator, name, initiator, common, own, inputs} -> {cell, problems}
        format: kusciajob, bfia_submit; common: {parameter: text}; own, inputs: by node {parameter or input: text}
        cell: the text of a cell that runs, or null; problems: [{field, message, hint}], field as ["own", "bob", "x"]
    check {magic, text} -> [{line, column, end_column, message, hint, severity}]
    complete {magic, text, line, column} -> {from, items}       items: [{label, insert, kind, detail, info}]
        text: the whole cell, whose line 1 is the magic's; columns are from 1, `from` to the cursor is replaced
    files {node} -> [{name, bytes}]
    put {node, name, content, begin?, more?} -> {name, bytes, rows, columns}   content: a CSV file in base64
        or a part of it from the byte `begin` on, of which there are `more`; then the result is null

form, files and put start the nodes, as every first use of them does; the others do not.
"""
