import { describe, expect, it } from 'vitest';

import type { ICondition } from '../src/kernel/protocol';
import { stroke } from '../src/panel/keyboard';
import { parentOf, rows, selection } from '../src/panel/rows';
import { entities as all } from './entities';
import { results } from './told';

/** Two jobs of alice, one of them with its task. */
const IDS = ['alice', 'alice/counting', 'alice/done', 'alice/done/task-2', 'bob', 'ttp'];
const entities = new Map([...all].filter(([id]) => IDS.includes(id)));
const [condition] = results.conditions;

function shown(folded: string[], filter = '', conditions = new Map<string, ICondition[]>()) {
  return rows({ entities, conditions, folded: new Set(folded), filter });
}

describe('rows', () => {
  it('shows what is open, with its place', () => {
    const found = shown(['alice/done', 'bob']);
    expect(found.map(({ id, level, position, siblings }) => [id, level, position, siblings])).toEqual([
      ['alice', 1, 1, 3],
      ['alice/counting', 2, 1, 2],
      ['alice/done', 2, 2, 2],
      ['alice/done/task-2', 3, 1, 1],
      ['bob', 1, 2, 3],
      ['ttp', 1, 3, 3]
    ]);
  });

  it('says what can be opened', () => {
    expect(shown(['bob']).map(row => row.expanded)).toEqual([true, false, false, false, null]);
  });

  it('has the conditions of what is open behind its tasks', () => {
    const conditions = new Map([
      ['alice/done', [condition]],
      ['alice/counting', [condition]]
    ]);
    const ids = shown(['alice/done'], '', conditions).map(row => row.id);
    expect(ids.slice(3, 5)).toEqual(['alice/done/task-2', 'alice/done#JobValidated']);
    expect(ids).not.toContain('alice/counting#JobValidated');
    expect(parentOf('alice/done#JobValidated')).toBe('alice/done');
  });

  it.each([
    ['DONE', ['alice', 'alice/done', 'bob', 'ttp']],
    ['running', ['alice', 'alice/counting', 'bob', 'ttp']],
    [' ', ['alice', 'alice/counting', 'alice/done', 'bob', 'ttp']],
    ['none', ['alice', 'bob', 'ttp']]
  ])('filters jobs by name and phase: %s', (filter, ids) => {
    expect(shown([], filter).map(row => row.id)).toEqual(ids);
  });
});

describe('selection', () => {
  const before = shown(['alice/done']);
  const without = (id: string) => before.filter(row => !row.id.startsWith(id));

  it('stays where it is', () => {
    expect(selection('alice/counting', before, without('alice/done'))).toBe('alice/counting');
    expect(selection(null, before, before)).toBeNull();
  });

  it('goes to what it was folded into', () => {
    expect(selection('alice/done/task-2', before, shown([]))).toBe('alice/done');
    expect(selection('alice/done/task-2', before, shown(['alice']))).toBe('alice');
  });

  it('goes to what stands in the place of what was deleted', () => {
    expect(selection('alice/counting', before, without('alice/counting'))).toBe('alice/done');
    expect(selection('ttp', before, without('ttp'))).toBe('bob');
    expect(selection('alice', before, [])).toBeNull();
  });
});

describe('keys', () => {
  const tree = shown(['alice/done', 'bob']);
  it.each([
    ['ArrowDown', 'alice', { select: 'alice/counting' }],
    ['ArrowDown', 'ttp', { select: 'ttp' }],
    ['ArrowUp', 'bob', { select: 'alice/done/task-2' }],
    ['Home', 'bob', { select: 'alice' }],
    ['End', 'alice', { select: 'ttp' }],
    ['ArrowRight', 'alice/counting', { toggle: 'alice/counting' }],
    ['ArrowRight', 'alice/done', { select: 'alice/done/task-2' }],
    ['ArrowRight', 'ttp', {}],
    ['ArrowLeft', 'alice/done', { toggle: 'alice/done' }],
    ['ArrowLeft', 'alice/done/task-2', { select: 'alice/done' }],
    ['ArrowLeft', 'ttp', {}],
    ['Enter', 'bob', { toggle: 'bob' }],
    [' ', 'ttp', {}]
  ])('%s on %s', (key, selected, meant) => {
    expect(stroke(key, tree, selected)).toEqual(meant);
  });

  it('leaves other keys alone', () => {
    expect(stroke('a', tree, 'alice')).toBeNull();
  });

  it('begins at the top if nothing is selected', () => {
    expect(stroke('ArrowDown', tree, null)).toEqual({ select: 'alice' });
  });
});
