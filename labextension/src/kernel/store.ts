import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Entity, IDelta, ISnapshot } from './protocol';

/** What the kernel has said about its cluster: every entity by its id, in the order of the tree. */
export class Store {
  /** The entities have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get entities(): ReadonlyMap<string, Entity> {
    return this._entities;
  }

  /** Take a message in; false if messages before it are missing, so that a snapshot has to be asked for. */
  take(message: ISnapshot | IDelta): boolean {
    if (message.type === 'snapshot') {
      this._entities = new Map(Object.entries(message.entities));
    } else if (message.version !== this._version + 1) {
      return false;
    } else {
      this._entities = merged(this._entities, message);
    }
    this._version = message.version;
    this._changed.emit();
    return true;
  }

  /** Forget everything. */
  clear(): void {
    this._version = -1;
    if (this._entities.size > 0) {
      this._entities = new Map();
      this._changed.emit();
    }
  }

  private _entities = new Map<string, Entity>();
  private _version = -1;
  private _changed = new Signal<this, void>(this);
}

/** Entities with a delta in them. New jobs come before those that are known, other new entities behind them. */
function merged(old: ReadonlyMap<string, Entity>, delta: IDelta): Map<string, Entity> {
  const removed = new Set(delta.removed); // Some may come again: a job that was run anew under its name.
  const known = new Map([...old].filter(([id]) => !removed.has(id)));
  const fresh = Object.entries(delta.entities).filter(([id]) => !known.has(id));
  const isJob = ([, entity]: [string, Entity]) => entity.kind === 'job';
  const kept = [...known].map(([id, entity]): [string, Entity] => [id, delta.entities[id] ?? entity]);
  return new Map([...fresh.filter(isJob), ...kept, ...fresh.filter(entry => !isJob(entry))]);
}
