import type { Entity, ICondition } from '../kernel/protocol';

/** A condition of a job or task, as a row of the tree. */
export interface IConditionRow extends ICondition {
  kind: 'condition';
}

export type Item = Entity | IConditionRow;

/** A line of the tree, with what a screen reader says of its place. */
export interface IRow {
  id: string;
  item: Item;
  /** From 1. */
  level: number;
  /** Whether its children are shown; null if it can have none. */
  expanded: boolean | null;
  /** Its place among its siblings, from 1, and how many there are. */
  position: number;
  siblings: number;
}

/** What there is to show, and how. */
export interface IShown {
  entities: ReadonlyMap<string, Entity>;
  /** The conditions of jobs and tasks that were asked for, by id. */
  conditions: ReadonlyMap<string, ICondition[]>;
  /** Those that are not as they are at first: nodes are open, all else is closed. */
  folded: ReadonlySet<string>;
  /** Jobs are shown whose name or phase has this in it. */
  filter: string;
}

const LEAVES = new Set(['ttp', 'party', 'condition']);

/** Every line that is to be seen, from top to bottom. */
export function rows(shown: IShown): IRow[] {
  const children = byParent(shown);
  const result: IRow[] = [];
  const add = (parent: string, level: number): void => {
    const siblings = children.get(parent) ?? [];
    siblings.forEach(([id, item], index) => {
      const expanded = LEAVES.has(item.kind) ? null : (item.kind === 'node') !== shown.folded.has(id);
      result.push({ id, item, level, expanded, position: index + 1, siblings: siblings.length });
      if (expanded) {
        add(id, level + 1);
      }
    });
  };
  add('', 1);
  return result;
}

/** The id of what an item belongs to; empty for the nodes. */
export function parentOf(id: string): string {
  return id.slice(0, Math.max(id.lastIndexOf('#'), id.lastIndexOf('/'), 0));
}

/**
 * What is selected after a change: the same row, or what it was folded into; or else what stands in its place now, so
 * that whoever deletes a job by the keyboard goes on from there.
 */
export function selection(
  selected: string | null,
  before: readonly IRow[],
  after: readonly IRow[]
): string | null {
  const place = before.findIndex(row => row.id === selected);
  if (selected === null || place < 0 || after.some(row => row.id === selected)) {
    return selected;
  }
  for (let id = parentOf(selected); id; id = parentOf(id)) {
    if (after.some(row => row.id === id && row.expanded === false)) {
      return id;
    }
  }
  return after[Math.min(place, after.length - 1)]?.id ?? null;
}

/** Whether a job is shown, by its name or phase. */
export function matches(entity: Entity, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return entity.kind !== 'job' || `${entity.name} ${entity.phase}`.toLowerCase().includes(wanted);
}

function byParent({ entities, conditions, filter }: IShown): Map<string, [string, Item][]> {
  const children = new Map<string, [string, Item][]>();
  const add = (id: string, item: Item) => {
    const parent = parentOf(id);
    const siblings = children.get(parent);
    if (siblings) {
      siblings.push([id, item]);
    } else {
      children.set(parent, [[id, item]]);
    }
  };
  for (const [id, entity] of entities) {
    if (matches(entity, filter)) {
      add(id, entity);
    }
  }
  for (const [id, found] of conditions) {
    for (const condition of found) {
      add(`${id}#${condition.type}`, { kind: 'condition', ...condition });
    }
  }
  return children;
}
