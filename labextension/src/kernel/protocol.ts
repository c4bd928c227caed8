/*
 * What the panel and the kernel say to each other over a comm. Made from kuscia_nb/panel/protocol.py and requests.py:
 * python labextension/scripts/protocol.py
 */

export const TARGET = 'kuscia_nb';

export type Level = 'full' | 'sizes' | 'off';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export type Severity = 'error' | 'warning';

export type Entity = INode | ITtp | IJob | ITask | IParty;

export type FromKernel = ISnapshot | IDelta | IResult | IRefusal;

export type Magic = 'kusciajob' | 'bfia_submit';

/** A node; `url` is that of its BFIA API, while its port is open. */
export interface INode {
  kind: 'node';
  name: string;
  url: string | null;
  jobs: number;
  running: number;
}

/** The trusted third party: how often it was asked, and how many bytes it has answered. */
export interface ITtp {
  kind: 'ttp';
  name: string;
  requests: number;
  bytes: number;
}

/** A task as its job's manifest has it: its alias, what it runs, and the aliases of those that it waits for. */
export interface IStep {
  alias: string;
  operator: string;
  after: string[];
}

/** A job as one node sees it; `progress` is 0 to 1, `started` milliseconds since 1970. */
export interface IJob {
  kind: 'job';
  node: string;
  name: string;
  initiator: string;
  phase: Phase;
  started: number;
  progress: number;
  message: string;
  trace: Level;
  messages: number;
  bytes: number;
  steps: IStep[];
}

/** A task of a job; `name` is its taskID. */
export interface ITask {
  kind: 'task';
  node: string;
  job: string;
  name: string;
  alias: string;
  phase: Phase;
  progress: number;
  message: string;
}

/**
 * A party's program of a task, as a node sees it; `name` is such as host.0.
 *
 * The last four are null unless it runs and counts its batches.
 */
export interface IParty {
  kind: 'party';
  task: string;
  name: string;
  domain: string;
  phase: Phase;
  epoch: number | null;
  epochs: number | null;
  batch: number | null;
  batches: number | null;
}

/** Everything, in the order of the tree. */
export interface ISnapshot {
  type: 'snapshot';
  version: number;
  entities: Record<string, Entity>;
}

/** What has changed since the version before: take out `removed` first, then put in whole entities. */
export interface IDelta {
  type: 'delta';
  version: number;
  entities: Record<string, Entity>;
  removed: string[];
}

/** The answer to the request of this id. */
export interface IResult {
  type: 'reply';
  id: number;
  result: unknown;
}

/** Why there is no answer to the request of this id. */
export interface IRefusal {
  type: 'reply';
  id: number;
  error: IFault;
}

/** What is wrong, where, and what to try, as a KusciaError has it. */
export interface IFault {
  title: string;
  message: string;
  where: string;
  hint: string;
}

/** What a panel asks. */
export interface IRequest {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

/** A condition of a job or task; `time` is milliseconds since 1970. */
export interface ICondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  time: number;
}

/** A data file of a node. */
export interface IFile {
  name: string;
  bytes: number;
}

/** A CSV file that was put onto a node. */
export interface IPutFile {
  name: string;
  rows: number;
  columns: number;
}

/** A column of a data file, as its first rows have it. */
export interface IColumn {
  name: string;
  type: 'whole number' | 'number' | 'text' | 'empty';
  missing: number;
}

/** The beginning of a data file: its columns by the first `read` rows, and fewer of these as texts. */
export interface IPreview {
  columns: IColumn[];
  rows: string[][];
  read: number;
  whole: boolean;
}

/** A parameter of an operator; `own`: each party has a value of its own. */
export interface IParameter {
  name: string;
  type: string;
  required: boolean;
  default: string | null;
  allowed: string;
  choices: string[] | null;
  unit: string;
  meaning: string;
  own: boolean;
}

/** An operator, or a template of several tasks; the parameters are without those of the file, the first input. */
export interface IOperator {
  name: string;
  title: string;
  description: string;
  inputs: string[];
  parameters: IParameter[];
}

/** All there is to choose and to fill in for a new job: names that no job has, by operator; files by node. */
export interface IForm {
  nodes: string[];
  names: Record<string, string>;
  operators: IOperator[];
  files: Record<string, IFile[]>;
}

/** Something wrong in a form: with which field, such as ["own", "bob", "x"], what, and what to try. */
export interface ITrouble {
  field: string[];
  message: string;
  hint: string;
}

/** The text of the cell that a form stands for, or null and what is wrong. */
export interface IComposed {
  cell: string | null;
  problems: ITrouble[];
}

/** Something wrong in a cell; lines and columns count from 1, `end_column` is behind its last character. */
export interface IDiagnostic {
  line: number;
  column: number;
  end_column: number;
  message: string;
  hint: string;
  severity: Severity;
}

/** Something that may be written: as it is shown, as it is inserted, and what is said of it. */
export interface IItem {
  label: string;
  insert: string;
  kind: 'key' | 'value';
  detail: string;
  info: string;
}

/** What may be written in the place of what stands from the column `from` on, up to the cursor. */
export interface IOffer {
  from: number;
  items: IItem[];
}

/** A line for kubectl. */
export interface ILine {
  line: string;
}

/** What kubectl prints. */
export interface IText {
  text: string;
}

/** The code of a cell. */
export interface ISource {
  source: string;
}

/** What a panel may ask, by its name. */
export interface IMethods {
  snapshot: { params: Record<string, never>; result: null };
  conditions: { params: { node: string; job: string; task?: string | null }; result: ICondition[] };
  yaml: { params: { node: string; job: string }; result: IText };
  log: { params: { node: string; job: string; task: string }; result: IText };
  line: { params: { node: string; job: string; task?: string | null; what?: 'get' | 'describe' | 'logs' | 'delete' }; result: ILine };
  source: { params: { job: string; what: 'result' | 'trace' }; result: ISource };
  stop: { params: { job: string }; result: null };
  delete: { params: { job: string }; result: null };
  form: { params: Record<string, never>; result: IForm };
  compose: { params: { format: Magic; operator: string; name: string; initiator: string; common: Record<string, string>; own: Record<string, Record<string, string>>; inputs: Record<string, Record<string, string>> }; result: IComposed };
  files: { params: { node: string }; result: IFile[] };
  preview: { params: { node: string; name: string }; result: IPreview };
  put: { params: { node: string; name: string; content: string; begin?: number; more?: boolean }; result: IPutFile | null };
  check: { params: { magic: Magic; text: string }; result: IDiagnostic[] };
  complete: { params: { magic: Magic; text: string; line: number; column: number }; result: IOffer };
}
