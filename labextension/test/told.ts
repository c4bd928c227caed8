/*
 * What a real kernel has said to a panel, for tests that need not make it up:
 * python tests/test_panel_protocol.py
 *
 * There are three jobs: `done`, `stopped`, and `counting`, which runs. Times and ids are made equal. Most of the
 * parameters and of the long texts are left out, and what is below `stopped`.
 */
import type { Method, Result } from '../src/kernel/ask';
import type { IRefusal, ISnapshot } from '../src/kernel/protocol';

export const snapshot: ISnapshot = {
  "type": "snapshot",
  "version": 1,
  "entities": {
    "alice": {
      "kind": "node",
      "name": "alice",
      "url": null,
      "jobs": 3,
      "running": 1
    },
    "alice/counting": {
      "kind": "job",
      "node": "alice",
      "name": "counting",
      "initiator": "alice",
      "phase": "Running",
      "started": 1700000000000,
      "progress": 0.25,
      "message": "",
      "trace": "sizes",
      "messages": 2,
      "bytes": 10,
      "steps": [
        {
          "alias": "step",
          "operator": "waits",
          "after": []
        }
      ]
    },
    "alice/counting/task-1": {
      "kind": "task",
      "node": "alice",
      "job": "counting",
      "name": "task-1",
      "alias": "step",
      "phase": "Running",
      "progress": 0.25,
      "message": ""
    },
    "alice/counting/task-1/host.0": {
      "kind": "party",
      "task": "task-1",
      "name": "host.0",
      "domain": "alice",
      "phase": "Running",
      "epoch": 1,
      "epochs": 2,
      "batch": 1,
      "batches": 2
    },
    "alice/counting/task-1/guest.0": {
      "kind": "party",
      "task": "task-1",
      "name": "guest.0",
      "domain": "bob",
      "phase": "Running",
      "epoch": 1,
      "epochs": 2,
      "batch": 1,
      "batches": 2
    },
    "alice/stopped": {
      "kind": "job",
      "node": "alice",
      "name": "stopped",
      "initiator": "alice",
      "phase": "Failed",
      "started": 1700000000000,
      "progress": 1.0,
      "message": "Job was stopped",
      "trace": "sizes",
      "messages": 2,
      "bytes": 10,
      "steps": [
        {
          "alias": "step",
          "operator": "waits",
          "after": []
        }
      ]
    },
    "alice/done": {
      "kind": "job",
      "node": "alice",
      "name": "done",
      "initiator": "alice",
      "phase": "Succeeded",
      "started": 1700000000000,
      "progress": 1.0,
      "message": "",
      "trace": "sizes",
      "messages": 2,
      "bytes": 10,
      "steps": [
        {
          "alias": "step",
          "operator": "waits",
          "after": []
        }
      ]
    },
    "alice/done/task-2": {
      "kind": "task",
      "node": "alice",
      "job": "done",
      "name": "task-2",
      "alias": "step",
      "phase": "Succeeded",
      "progress": 1.0,
      "message": ""
    },
    "alice/done/task-2/host.0": {
      "kind": "party",
      "task": "task-2",
      "name": "host.0",
      "domain": "alice",
      "phase": "Succeeded",
      "epoch": null,
      "epochs": null,
      "batch": null,
      "batches": null
    },
    "alice/done/task-2/guest.0": {
      "kind": "party",
      "task": "task-2",
      "name": "guest.0",
      "domain": "bob",
      "phase": "Succeeded",
      "epoch": null,
      "epochs": null,
      "batch": null,
      "batches": null
    },
    "bob": {
      "kind": "node",
      "name": "bob",
      "url": null,
      "jobs": 3,
      "running": 1
    },
    "bob/counting": {
      "kind": "job",
      "node": "bob",
      "name": "counting",
      "initiator": "alice",
      "phase": "Running",
      "started": 1700000000000,
      "progress": 0.25,
      "message": "",
      "trace": "sizes",
      "messages": 2,
      "bytes": 10,
      "steps": [
        {
          "alias": "step",
          "operator": "waits",
          "after": []
        }
      ]
    },
    "bob/counting/task-1": {
      "kind": "task",
      "node": "bob",
      "job": "counting",
      "name": "task-1",
      "alias": "step",
      "phase": "Running",
      "progress": 0.25,
      "message": ""
    },
    "bob/counting/task-1/host.0": {
      "kind": "party",
      "task": "task-1",
      "name": "host.0",
      "domain": "alice",
      "phase": "Pending",
      "epoch": null,
      "epochs": null,
      "batch": null,
      "batches": null
    },
    "bob/counting/task-1/guest.0": {
      "kind": "party",
      "task": "task-1",
      "name": "guest.0",
      "domain": "bob",
      "phase": "Running",
      "epoch": 1,
      "epochs": 2,
      "batch": 1,
      "batches": 2
    },
    "bob/stopped": {
      "kind": "job",
      "node": "bob",
      "name": "stopped",
      "initiator": "alice",
      "phase": "Failed",
      "started": 1700000000000,
      "progress": 1.0,
      "message": "Job was stopped",
      "trace": "sizes",
      "messages": 2,
      "bytes": 10,
      "steps": [
        {
          "alias": "step",
          "operator": "waits",
          "after": []
        }
      ]
    },
    "bob/done": {
      "kind": "job",
      "node": "bob",
      "name": "done",
      "initiator": "alice",
      "phase": "Succeeded",
      "started": 1700000000000,
      "progress": 1.0,
      "message": "",
      "trace": "sizes",
      "messages": 2,
      "bytes": 10,
      "steps": [
        {
          "alias": "step",
          "operator": "waits",
          "after": []
        }
      ]
    },
    "bob/done/task-2": {
      "kind": "task",
      "node": "bob",
      "job": "done",
      "name": "task-2",
      "alias": "step",
      "phase": "Succeeded",
      "progress": 1.0,
      "message": ""
    },
    "bob/done/task-2/host.0": {
      "kind": "party",
      "task": "task-2",
      "name": "host.0",
      "domain": "alice",
      "phase": "Pending",
      "epoch": null,
      "epochs": null,
      "batch": null,
      "batches": null
    },
    "bob/done/task-2/guest.0": {
      "kind": "party",
      "task": "task-2",
      "name": "guest.0",
      "domain": "bob",
      "phase": "Succeeded",
      "epoch": null,
      "epochs": null,
      "batch": null,
      "batches": null
    },
    "ttp": {
      "kind": "ttp",
      "name": "TTP",
      "requests": 0,
      "bytes": 0
    }
  }
};

export const results: { [M in Method]: Result<M> } = {
  "snapshot": null,
  "stop": null,
  "conditions": [
    {
      "type": "JobValidated",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    },
    {
      "type": "JobCreateInitialized",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    },
    {
      "type": "JobCreateSucceeded",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    },
    {
      "type": "JobStartInitialized",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    },
    {
      "type": "JobStartSucceeded",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    },
    {
      "type": "JobStopInitialized",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    },
    {
      "type": "JobStopSucceeded",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    },
    {
      "type": "TaskStopped",
      "status": "True",
      "reason": "",
      "message": "",
      "time": 1700000000000
    }
  ],
  "yaml": {
    "text": "apiVersion"
  },
  "log": {
    "text": ""
  },
  "line": {
    "line": "kubectl get kt task-2 -n cross-domain --node bob"
  },
  "source": {
    "source": "%kuscia trace done"
  },
  "form": {
    "nodes": [
      "alice",
      "bob"
    ],
    "names": {
      "ss_lr": "job-ss-lr",
      "waits": "job-waits"
    },
    "operators": [
      {
        "name": "ss_lr",
        "title": "",
        "description": "Two parties train a logistic regression on their columns, neither seeing the other's.",
        "inputs": [
          "train_data"
        ],
        "parameters": [
          {
            "name": "has_label",
            "type": "bool",
            "required": false,
            "default": null,
            "allowed": "true, false",
            "choices": [
              "true",
              "false"
            ],
            "unit": "",
            "meaning": "whether the last column of this party's file is the label; not needed with label_owner",
            "own": true
          },
          {
            "name": "optimizer",
            "type": "choice",
            "required": false,
            "default": "sgd",
            "allowed": "sgd",
            "choices": [
              "sgd"
            ],
            "unit": "",
            "meaning": "how weights follow from gradients",
            "own": false
          }
        ]
      },
      {
        "name": "waits",
        "title": "",
        "description": "waits",
        "inputs": [
          "data"
        ],
        "parameters": []
      }
    ],
    "files": {
      "alice": [
        {
          "name": "perfect_logit_a.csv",
          "bytes": 969839
        }
      ],
      "bob": [
        {
          "name": "perfect_logit_b.csv",
          "bytes": 949955
        }
      ]
    }
  },
  "compose": {
    "cell": null,
    "problems": [
      {
        "field": [
          "inputs",
          "bob",
          "data"
        ],
        "message": "bob needs a data file",
        "hint": "a data file of bob"
      }
    ]
  },
  "files": [
    {
      "name": "perfect_logit_b.csv",
      "bytes": 949955
    }
  ],
  "put": {
    "name": "own.csv",
    "rows": 1,
    "columns": 2
  },
  "preview": {
    "columns": [
      {
        "name": "id",
        "type": "whole number",
        "missing": 0
      },
      {
        "name": "x",
        "type": "whole number",
        "missing": 0
      }
    ],
    "rows": [
      [
        "1",
        "2"
      ]
    ],
    "read": 1,
    "whole": true
  },
  "check": [
    {
      "line": 2,
      "column": 1,
      "end_column": 5,
      "message": "apiVersion not set",
      "hint": "apiVersion: kuscia.secretflow/v1alpha1",
      "severity": "error"
    }
  ],
  "complete": {
    "from": 3,
    "items": [
      {
        "label": "initiator",
        "insert": "initiator: ",
        "kind": "key",
        "detail": "string, required",
        "info": "the domain (node) that schedules the job"
      }
    ]
  },
  "delete": null
};

export const refusal: IRefusal = {
  "type": "reply",
  "id": 1,
  "error": {
    "title": "JobError",
    "message": "there is no job counting",
    "where": "",
    "hint": "one of: done, stopped"
  }
};
