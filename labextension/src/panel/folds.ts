import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IStateDB } from '@jupyterlab/statedb';

import type { Entity } from '../kernel/protocol';

const KEY = 'kuscia-nb:folds';

/**
 * The rows that are opened or closed by hand, for each notebook; they are kept when the page is loaded anew.
 *
 * Nodes are open at first, all else is closed.
 */
export class Folds {
  constructor(private _state: IStateDB | null) {}

  /** What was kept of a notebook, once it is there. */
  async restore(notebook: NotebookPanel): Promise<void> {
    if (!this._folded.has(notebook)) {
      const saved = (await this._state?.fetch(key(notebook))) as string[] | undefined;
      this._folded.set(notebook, this._folded.get(notebook) ?? new Set(saved));
    }
  }

  /** The rows of a notebook that are not as they are at first. */
  of(notebook: NotebookPanel | null): ReadonlySet<string> {
    return (notebook && this._folded.get(notebook)) ?? new Set();
  }

  /** Open or close a row. */
  toggle(notebook: NotebookPanel, id: string): void {
    const folded = new Set(this.of(notebook));
    if (!folded.delete(id)) {
      folded.add(id);
    }
    this._keep(notebook, folded);
  }

  /** Forget rows that are there no more. */
  prune(notebook: NotebookPanel, entities: ReadonlyMap<string, Entity>): void {
    const folded = this.of(notebook);
    const known = new Set([...folded].filter(id => entities.has(id)));
    if (known.size < folded.size) {
      this._keep(notebook, known);
    }
  }

  private _keep(notebook: NotebookPanel, folded: Set<string>): void {
    this._folded.set(notebook, folded);
    void (folded.size > 0
      ? this._state?.save(key(notebook), [...folded])
      : this._state?.remove(key(notebook)));
  }

  private _folded = new WeakMap<NotebookPanel, Set<string>>();
}

function key(notebook: NotebookPanel): string {
  return `${KEY}:${notebook.context.path}`;
}
