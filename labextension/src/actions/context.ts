import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { KernelError } from '../kernel/protocol';
import type { Connection } from '../kernel/connection';
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

/** What an action is about: the arguments of its command, or else what is selected in the panel. */
export interface ITarget {
  node: string;
  job: string;
  task?: string;
}

export function target({ model, connections }: IContext, args: Partial<ITarget>): ITarget | null {
  if (args.job) {
    const job = [...(connections.current?.store.entities.values() ?? [])].find(
      one => one.kind === 'job' && one.name === args.job
    );
    const node = args.node ?? (job?.kind === 'job' ? job.initiator : '');
    return { node, job: args.job, task: args.task };
  }
  const item = model.row?.item;
  if (!item || !model.job) {
    return null;
  }
  const task = item.kind === 'task' ? item.name : item.kind === 'party' ? item.task : undefined;
  return { node: model.job.node, job: model.job.name, task };
}

/** Ask the followed notebook's kernel. What it refuses is shown, and the result is undefined then. */
export async function ask<T>(
  connection: Connection | null,
  method: string,
  params: Record<string, string>
): Promise<T | undefined> {
  try {
    return await connection?.request<T>(method, params);
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
