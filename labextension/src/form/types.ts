/*
 * What the kernel says of the form for a new job, and what it is sent.
 */

/** Texts by the names of parameters or inputs. */
export type Texts = Record<string, string>;

/** Everything that there is to choose and to fill in. */
export interface IForm {
  nodes: string[];
  /** Names for jobs, which no job has, by operator. */
  names: Record<string, string>;
  operators: IOperator[];
  files: Record<string, IFile[]>;
}

export interface IOperator {
  name: string;
  appImage: string;
  title?: string;
  description: string;
  inputs: string[];
  outputs: string[];
  parameters: IParameter[];
}

export interface IParameter {
  name: string;
  type: string;
  required: boolean;
  default: string | null;
  allowed: string;
  choices: string[] | null;
  unit: string;
  meaning: string;
  /** Whether each party has a value of its own. */
  own: boolean;
}

export interface IFile {
  name: string;
  bytes: number;
}

/** What is filled in; an empty text is none. */
export interface IDraft {
  format: 'kusciajob' | 'bfia_submit';
  operator: string;
  name: string;
  initiator: string;
  common: Texts;
  /** By node. */
  own: Record<string, Texts>;
  /** By node, the file for each input. */
  inputs: Record<string, Texts>;
}

/** The way to a text in a draft, such as `['own', 'alice', 'has_label']`; of none is what is wrong with all of it. */
export type Field = string[];

export interface IProblem {
  field: Field;
  message: string;
  hint: string;
}

/** The cell that a draft stands for, or none and what is wrong. */
export interface IComposed {
  cell: string | null;
  problems: IProblem[];
}
