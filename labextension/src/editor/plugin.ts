import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';

import type { Connection } from '../kernel/connection';
import { IConnections } from '../kernel/token';
import { EDITOR_CLASS, whileMagic } from './cell';
import type { CompleteOf } from './completion';
import { MagicCompletions, register } from './completion';
import { Diagnostics } from './diagnostics';
import { addLanguage, highlighting } from './language';

/** Highlights, completes and checks the cells that begin with a magic of kuscia_nb. */
export const editor: JupyterFrontEndPlugin<void> = {
  id: 'kuscia-nb:editor',
  description: 'Highlights, completes and checks cells that begin with %%kusciajob or %%bfia_submit.',
  autoStart: true,
  requires: [IConnections, INotebookTracker, IEditorExtensionRegistry, IEditorLanguageRegistry],
  optional: [ICompletionProviderManager],
  activate: (
    app: JupyterFrontEnd,
    connections: IConnections,
    tracker: INotebookTracker,
    extensions: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry,
    completions: ICompletionProviderManager | null
  ) => {
    addLanguage(languages);
    const diagnostics = checking(connections, tracker);
    extensions.addExtension({
      name: 'kuscia-nb',
      factory: ({ inline }) =>
        inline
          ? {
              instance: () =>
                whileMagic(async magic => [
                  await highlighting(magic, languages),
                  diagnostics.extension(magic)
                ]),
              reconfigure: () => null
            }
          : null
    });
    if (completions) {
      register(new MagicCompletions(asking(connections, tracker)), completions);
      // Tab is for indenting at the beginning of a line, where most keys are.
      app.commands.addKeyBinding({
        command: 'completer:invoke-notebook',
        keys: ['Ctrl Space'],
        selector: `.jp-Notebook .jp-mod-completer-enabled .${EDITOR_CLASS}`
      });
    }
  }
};

/** Checks editors by their notebooks' kernels, anew when a kernel is connected or a cell has run. */
function checking(connections: IConnections, tracker: INotebookTracker): Diagnostics {
  const diagnostics = new Diagnostics(async (view, magic, text) => {
    const notebook = tracker.find(panel => panel.node.contains(view.dom));
    const connection = notebook && opened(connections, notebook);
    return connection ? connection.request('check', { magic, text }).catch(() => []) : [];
  });
  const follow = (panel: NotebookPanel): void =>
    void connections.of(panel)?.stateChanged.connect(() => diagnostics.refresh());
  tracker.forEach(follow);
  tracker.widgetAdded.connect((_, panel) => follow(panel));
  NotebookActions.executed.connect(() => diagnostics.refresh());
  return diagnostics;
}

/** Asks the kernels of notebooks. */
function asking(connections: IConnections, tracker: INotebookTracker): CompleteOf {
  return widget => {
    const notebook = tracker.find(panel => panel === widget);
    const connection = notebook && opened(connections, notebook);
    return connection
      ? (magic, text, place) => connection.request('complete', { magic, text, ...place })
      : null;
  };
}

function opened(connections: IConnections, notebook: NotebookPanel): Connection | null {
  const connection = connections.of(notebook);
  return connection?.state === 'open' ? connection : null;
}
