import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Method, Params, Result } from '../kernel/ask';
import type { Connection } from '../kernel/connection';
import { KernelError } from '../kernel/error';
import type { IConnections } from '../kernel/token';
import type { PanelModel } from '../panel/model';

/** What every action needs. */
export interface IContext {
  app: JupyterFrontEnd;
  /** JupyterLab's; Notebook 7 has none. */
  labShell: ILabShell | null;
  connections: IConnections;
  model: PanelModel;
  trans: TranslationBundle;
}

/** Ask the followed notebook's kernel. What it refuses is shown, and the result is undefined then. */
export async function ask<M extends Method>(
  connection: Connection | null,
  method: M,
  params: Params<M>
): Promise<Result<M> | undefined> {
  try {
    return await connection?.request(method, params);
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/** Show an error as one notification. */
export function complain(error: unknown): void {
  const message =
    error instanceof KernelError ? `${error.name}: ${error.message}` : String((error as Error).message);
  Notification.error(message, { autoClose: 8000 });
}
