import type { JSONObject, JSONValue } from '@lumino/coreutils';

/*
 * What the panel and the kernel say to each other over a comm. The kernel's half is kuscia_nb/panel, whose
 * documentation describes every message.
 */

export const TARGET = 'kuscia_nb';
export const PROTOCOL = 1;

export interface INode {
  kind: 'node';
  name: string;
  /** Of the node's BFIA API, while its port is open. */
  url: string | null;
  jobs: number;
  running: number;
}

/** The trusted third party, and what it has done so far. */
export interface ITtp {
  kind: 'ttp';
  name: string;
  sessions: number;
  requests: number;
  bytes: number;
}

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Suspended' | 'Cancelled' | '';

/** A job as one node sees it. */
export interface IJob {
  kind: 'job';
  node: string;
  name: string;
  initiator: string;
  phase: Phase;
  /** Times are milliseconds since the epoch. */
  started: number;
  ended: number | null;
  /** 0 to 1. */
  progress: number;
  message: string;
  trace: 'full' | 'sizes' | 'off';
  messages: number;
  bytes: number;
}

export interface ITask {
  kind: 'task';
  node: string;
  job: string;
  /** The task id. */
  name: string;
  alias: string;
  phase: Phase;
  progress: number;
  message: string;
}

/** One party's program of a task. */
export interface IParty {
  kind: 'party';
  node: string;
  job: string;
  task: string;
  /** The role and index, such as host.0. */
  name: string;
  domain: string;
  phase: Phase;
  epoch: number | null;
  epochs: number | null;
  batch: number | null;
  batches: number | null;
}

export type Entity = INode | ITtp | IJob | ITask | IParty;

export interface ICondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  time: number;
}

export interface ISnapshot {
  type: 'snapshot';
  version: number;
  entities: Record<string, Entity>;
}

/** What has changed since the version before: whole entities. */
export interface IDelta {
  type: 'delta';
  version: number;
  entities: Record<string, Entity>;
  removed: string[];
}

export interface IReply {
  type: 'reply';
  id: number;
  result?: JSONValue;
  error?: IFault;
}

/** What the kernel refuses: what is wrong, where, and what to try. */
export interface IFault {
  title: string;
  message: string;
  where: string;
  hint: string;
}

export type FromKernel = ISnapshot | IDelta | IReply;

export type Params = JSONObject;

/** An error that the kernel has answered with. */
export class KernelError extends Error {
  constructor(readonly fault: IFault) {
    super([fault.message, fault.where, fault.hint && `→ ${fault.hint}`].filter(Boolean).join('\n'));
    this.name = fault.title;
  }
}
