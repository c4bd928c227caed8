import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { Connection } from './connection';
import type { IConnections } from './token';

const MENTIONS = /kuscia/;

/**
 * A connection for every notebook, with the kernel that it has.
 *
 * A kernel is asked when it is ready, and again after a cell that mentions kuscia: the cell may have loaded the
 * extension. It is never asked by the clock, as each question that nobody answers is a line in the kernel's log.
 */
export class Connections implements IConnections {
  constructor(
    private _tracker: INotebookTracker,
    private _trans: TranslationBundle
  ) {
    _tracker.forEach(panel => this._follow(panel));
    _tracker.widgetAdded.connect((_, panel) => this._follow(panel));
    _tracker.currentChanged.connect(() => this._currentChanged.emit());
    NotebookActions.executed.connect(this._executed, this);
  }

  get notebook(): NotebookPanel | null {
    return this._tracker.currentWidget;
  }

  get current(): Connection | null {
    return this.notebook && this.of(this.notebook);
  }

  get currentChanged(): ISignal<this, void> {
    return this._currentChanged;
  }

  of(notebook: NotebookPanel): Connection | null {
    return this._connections.get(notebook) ?? null;
  }

  retry(): void {
    if (this.notebook) {
      this._try(this.notebook);
    }
  }

  private _follow(panel: NotebookPanel): void {
    const connection = new Connection(this._trans);
    this._connections.set(panel, connection);
    const context = panel.sessionContext;
    const consider = () => this._consider(panel, connection);
    context.kernelChanged.connect(consider);
    context.connectionStatusChanged.connect(consider);
    context.statusChanged.connect(consider);
    panel.disposed.connect(() => {
      this._connections.delete(panel);
      connection.dispose();
    });
    consider();
    if (panel === this.notebook) {
      this._currentChanged.emit(); // The tracker says so before it says that the notebook is there.
    }
  }

  /** Drop the connection where the kernel has ended, and ask one that has just become ready. */
  private _consider(panel: NotebookPanel, connection: Connection): void {
    const kernel = panel.sessionContext.session?.kernel ?? null;
    connection.noteStatus(kernel?.status ?? 'unknown');
    if (!kernel || !isAlive(kernel)) {
      connection.close();
      this._asked.delete(connection);
    } else if (isReady(kernel) && this._asked.get(connection) !== kernel) {
      this._asked.set(connection, kernel);
      connection.open(kernel);
    }
  }

  private _executed(
    _: unknown,
    { cell, notebook }: { cell: { model: { sharedModel: { getSource(): string } } }; notebook: unknown }
  ): void {
    const panel = this._tracker.find(one => one.content === notebook);
    if (panel && MENTIONS.test(cell.model.sharedModel.getSource())) {
      this._try(panel);
    }
  }

  private _try(panel: NotebookPanel): void {
    const kernel = panel.sessionContext.session?.kernel;
    if (kernel && isAlive(kernel)) {
      this._connections.get(panel)?.open(kernel);
    }
  }

  private _connections = new Map<NotebookPanel, Connection>();
  private _asked = new WeakMap<Connection, Kernel.IKernelConnection>();
  private _currentChanged = new Signal<this, void>(this);
}

function isAlive(kernel: Kernel.IKernelConnection): boolean {
  const ended = ['restarting', 'autorestarting', 'terminating', 'dead'];
  return kernel.connectionStatus === 'connected' && !ended.includes(kernel.status);
}

function isReady(kernel: Kernel.IKernelConnection): boolean {
  return kernel.status === 'idle' || kernel.status === 'busy';
}
