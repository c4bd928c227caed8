import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Connections } from './connections';
import { IConnections } from './token';

/** Listens to the kernels of notebooks. */
export const connections: JupyterFrontEndPlugin<IConnections> = {
  id: 'kuscia-nb:connections',
  description: 'Listens to what the kernels of notebooks tell of their Kuscia clusters.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator],
  provides: IConnections,
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker, translator: ITranslator | null) =>
    new Connections(tracker, (translator ?? nullTranslator).load('kuscia_nb'))
};
