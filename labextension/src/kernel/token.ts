import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { Connection } from './connection';

/** The connections with the kernels of notebooks. */
export interface IConnections {
  /** The notebook that is followed: the active one, or the one that was active last. */
  readonly notebook: NotebookPanel | null;
  /** Its connection. */
  readonly current: Connection | null;
  /** Another notebook is followed. */
  readonly currentChanged: ISignal<IConnections, void>;
  /** The connection of a notebook that is open. */
  of(notebook: NotebookPanel): Connection | null;
  /** Ask the followed notebook's kernel again. */
  retry(): void;
}

export const IConnections = new Token<IConnections>(
  'kuscia-nb:IConnections',
  'What the kernels of notebooks tell of their Kuscia clusters, and how to ask them.'
);
