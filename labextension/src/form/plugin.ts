import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addIcon } from '@jupyterlab/ui-components';

import { complain } from '../actions/context';
import { CommandIDs } from '../actions/ids';
import type { Ask } from '../kernel/ask';
import type { Connection } from '../kernel/connection';
import { IConnections } from '../kernel/token';
import { showBeside } from '../shell/beside';
import { showPreview } from '../shell/preview';
import { insertCell } from './insert';
import { FormModel } from './model';
import { FormWidget } from './widget';

/** A form that writes the cell of a new job. */
export const form: JupyterFrontEndPlugin<void> = {
  id: 'kuscia-nb:form',
  description: 'A form that writes the cell of a new job.',
  autoStart: true,
  requires: [IConnections, IEditorLanguageRegistry],
  optional: [ILabShell, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    connections: IConnections,
    languages: IEditorLanguageRegistry,
    labShell: ILabShell | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('kuscia_nb');
    const forms = new Forms(app, labShell, connections, languages, trans);
    app.commands.addCommand(CommandIDs.newJob, {
      label: trans.__('New Job…'),
      caption: trans.__('Fill in a form, and insert the cell of a new job'),
      icon: addIcon,
      isEnabled: () => connections.notebook !== null,
      execute: () => connections.notebook && forms.open(connections.notebook)
    });
    connections.currentChanged.connect(() => app.commands.notifyCommandChanged(CommandIDs.newJob));
  }
};

/** The forms that are open: one for a notebook, which goes with it. */
class Forms {
  constructor(
    private _app: JupyterFrontEnd,
    private _labShell: ILabShell | null,
    private _connections: IConnections,
    private _languages: IEditorLanguageRegistry,
    private _trans: TranslationBundle
  ) {}

  /** Show the form for a notebook. */
  open(notebook: NotebookPanel): void {
    const opened = this._opened.get(notebook);
    if (opened) {
      this._app.shell.activateById(opened.id);
    } else {
      this._add(notebook);
    }
  }

  private _add(notebook: NotebookPanel): void {
    const connection = this._connections.of(notebook);
    const ask = this._ask(connection);
    const model = new FormModel(ask);
    const place = { app: this._app, labShell: this._labShell, trans: this._trans };
    const widget = new MainAreaWidget({
      content: new FormWidget(model, {
        languages: this._languages,
        trans: this._trans,
        preview: (node, name) =>
          void ask('preview', { node, name })
            .then(found => showPreview(place, notebook, node, name, found))
            .catch(complain),
        insert: (cell, run) => {
          this._app.shell.activateById(notebook.id);
          void insertCell(notebook, cell, run);
        }
      })
    });
    widget.id = `kuscia-nb-form-${notebook.id}`;
    widget.title.label = this._trans.__('New Job');
    widget.title.caption = this._trans.__('New job for %1', notebook.title.label);
    widget.title.icon = addIcon;
    this._opened.set(notebook, widget);
    widget.disposed.connect(() => this._opened.delete(notebook));
    notebook.disposed.connect(() => widget.dispose());
    showBeside(this._app, this._labShell, notebook, widget);
    const load = (): void => {
      if (!model.form) {
        void model.load();
      }
    };
    load();
    connection?.stateChanged.connect(load);
    widget.disposed.connect(() => connection?.stateChanged.disconnect(load));
  }

  /** Asks a notebook's kernel, or says why it cannot be asked. */
  private _ask(connection: Connection | null): Ask {
    return async (method, params) => {
      if (connection?.state !== 'open') {
        const load = '%load_ext kuscia_nb';
        throw new Error(
          this._trans.__('The kernel of this notebook has not loaded kuscia_nb. Run %1 in a cell.', load)
        );
      }
      return connection.request(method, params);
    };
  }

  private _opened = new Map<NotebookPanel, MainAreaWidget>();
}
