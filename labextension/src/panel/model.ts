import { VDomModel } from '@jupyterlab/ui-components';
import type { IStateDB } from '@jupyterlab/statedb';

import type { Connection, State } from '../kernel/connection';
import type { Params } from '../kernel/ask';
import type { Entity, ICondition, IJob } from '../kernel/protocol';
import type { IConnections } from '../kernel/token';
import { Folds } from './folds';
import type { IDrawn } from './graph';
import { drawn } from './graph';
import type { IRow } from './rows';
import { matches, parentOf, rows, selection } from './rows';

/** Milliseconds that a cell may take before the panel says that the kernel does not hear it. */
const PATIENCE = 1000;

/** What the panel shows: the tree of the followed notebook's cluster, and what is open and selected in it. */
export class PanelModel extends VDomModel {
  constructor(
    private _connections: IConnections,
    state: IStateDB | null
  ) {
    super();
    this._folds = new Folds(state);
    _connections.currentChanged.connect(this._follow, this);
    this._follow();
  }

  /** Whether there is a notebook, and whether its kernel tells something. */
  get state(): State | 'no notebook' {
    return this._connections.notebook ? (this._connection?.state ?? 'none') : 'no notebook';
  }

  /** Whether the kernel has heard nothing for a while, because a cell runs. */
  get isDeaf(): boolean {
    const since = this._connection?.deafSince ?? null;
    return since !== null && Date.now() - since > PATIENCE;
  }

  /** The name of the followed notebook. */
  get notebook(): string {
    return this._connections.notebook?.title.label ?? '';
  }

  get rows(): readonly IRow[] {
    return this._rows;
  }

  /** Whether there is no job to show; then the panel says what to do next. */
  get isEmpty(): boolean {
    return this._matching === 0;
  }

  /** Whether there are jobs that the filter hides. */
  get isFiltered(): boolean {
    return this._matching < this._jobs;
  }

  get filter(): string {
    return this._filter;
  }

  set filter(filter: string) {
    this._filter = filter;
    this._update();
  }

  /** The id of the selected row. */
  get selected(): string | null {
    return this._selected;
  }

  set selected(id: string | null) {
    this._selected = id;
    this.stateChanged.emit();
  }

  /** The selected row, if it is to be seen. */
  get row(): IRow | null {
    return this._rows.find(row => row.id === this._selected) ?? null;
  }

  /** The job that the selected row is, or belongs to. */
  get job(): IJob | null {
    for (let id = this._selected ?? ''; id; id = parentOf(id)) {
      const entity = this._entities.get(id);
      if (entity?.kind === 'job') {
        return entity;
      }
    }
    return null;
  }

  /** The tasks of that job, as they are drawn. */
  get tasks(): readonly IDrawn[] {
    return this.job ? drawn(this.job, this._entities) : [];
  }

  /** How many jobs run; every job is counted once. */
  get running(): number {
    return [...this._entities.values()].filter(
      one => one.kind === 'job' && one.node === one.initiator && one.phase === 'Running'
    ).length;
  }

  /** Open or close a row. */
  toggle(id: string): void {
    const { notebook } = this._connections;
    if (notebook) {
      this._folds.toggle(notebook, id);
      this._update();
    }
  }

  /** Ask the kernel again. */
  retry(): void {
    this._connections.retry();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._connections.currentChanged.disconnect(this._follow, this);
      this._leave();
      super.dispose();
    }
  }

  private get _entities(): ReadonlyMap<string, Entity> {
    return this._connection?.store.entities ?? new Map<string, Entity>();
  }

  private _follow(): void {
    const { current: connection, notebook } = this._connections;
    if (connection !== this._connection) {
      this._leave();
      this._connection = connection;
      connection?.stateChanged.connect(this._renew, this);
      connection?.store.changed.connect(this._update, this);
    }
    if (notebook) {
      void this._folds.restore(notebook).then(() => this._renew());
    }
    this._update();
  }

  private _leave(): void {
    this._connection?.stateChanged.disconnect(this._renew, this);
    this._connection?.store.changed.disconnect(this._update, this);
    this._connection = null;
    this._rows = []; // what is selected there is nothing here
    this._conditions.clear();
    this._known.clear();
  }

  /**
   * Forget what was open in a cluster that is no more. Only here: a job that is run anew under its name is gone for a
   * moment, and is open afterwards if it was before.
   */
  private _renew(): void {
    const { notebook } = this._connections;
    if (notebook && (this.state === 'open' || this.state === 'absent')) {
      this._folds.prune(notebook, this._entities);
    }
    this._update();
  }

  private _update(): void {
    const { notebook } = this._connections;
    const entities = this._entities;
    const before = this._rows;
    this._rows = rows({
      entities,
      conditions: this._conditions,
      folded: this._folds.of(notebook),
      filter: this._filter
    });
    this._selected = selection(this._selected, before, this._rows);
    const jobs = [...entities.values()].filter(entity => entity.kind === 'job');
    this._jobs = jobs.length;
    this._matching = jobs.filter(job => matches(job, this._filter)).length;
    if (this._connection?.state === 'open') {
      this._askForConditions();
    } else {
      this._conditions.clear();
      this._known.clear();
    }
    this.stateChanged.emit();
  }

  /** Ask for the conditions of what is open, once for each time that it has changed. */
  private _askForConditions(): void {
    for (const { id, item, expanded } of this._rows) {
      if (expanded && (item.kind === 'job' || item.kind === 'task')) {
        const begun = item.kind === 'job' ? item.started : null; // A job may be run anew under its name.
        const state = `${item.phase} ${item.message} ${item.progress === 1} ${begun}`;
        if (this._known.get(id) !== state) {
          this._known.set(id, state);
          const { node, name } = item;
          const of = item.kind === 'job' ? { node, job: name } : { node, job: item.job, task: name };
          void this._fetch(this._connection!, id, of);
        }
      }
    }
  }

  private async _fetch(connection: Connection, id: string, of: Params<'conditions'>): Promise<void> {
    try {
      const found = await connection.request('conditions', of);
      if (connection === this._connection) {
        this._conditions.set(id, found);
        this._update();
      }
    } catch {
      this._conditions.delete(id); // it was deleted meanwhile, which the next delta says
    }
  }

  private _connection: Connection | null = null;
  private _rows: readonly IRow[] = [];
  private _jobs = 0;
  private _matching = 0;
  private _filter = '';
  private _selected: string | null = null;
  private _folds: Folds;
  private _conditions = new Map<string, ICondition[]>();
  private _known = new Map<string, string>();
}
