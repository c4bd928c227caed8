import { describe, expect, it } from 'vitest';

import type { Entity, ICondition } from '../src/kernel/protocol';
import { stroke } from '../src/panel/keyboard';
import { parentOf, rows, selection } from '../src/panel/rows';

const node = (name: string): Entity => ({ kind: 'node', name, url: null, jobs: 2, running: 1 });
const job = (name: string, phase: 'Running' | 'Succeeded' = 'Succeeded'): Entity => ({
  kind: 'job',
  node: 'alice',
  name,
  initiator: 'alice',
  phase,
  started: 0,
  ended: null,
  progress: 0,
  message: '',
  trace: 'sizes',
  messages: 0,
  bytes: 0
});
const task: Entity = {
  kind: 'task',
  node: 'alice',
  job: 'old',
  name: 'old-1',
  alias: 'step',
  phase: 'Succeeded',
  progress: 1,
  message: ''
};
const entities = new Map<string, Entity>([
  ['alice', node('alice')],
  ['alice/new', job('new', 'Running')],
  ['alice/old', job('old')],
  ['alice/old/old-1', task],
  ['bob', node('bob')],
  ['ttp', { kind: 'ttp', name: 'TTP', sessions: 0, requests: 0, bytes: 0 }]
]);
const condition: ICondition = { type: 'JobValidated', status: 'True', reason: '', message: '', time: 0 };

function shown(folded: string[], filter = '', conditions = new Map<string, ICondition[]>()) {
  return rows({ entities, conditions, folded: new Set(folded), filter });
}

describe('rows', () => {
  it('shows what is open, with its place', () => {
    const found = shown(['alice/old', 'bob']);
    expect(found.map(({ id, level, position, siblings }) => [id, level, position, siblings])).toEqual([
      ['alice', 1, 1, 3],
      ['alice/new', 2, 1, 2],
      ['alice/old', 2, 2, 2],
      ['alice/old/old-1', 3, 1, 1],
      ['bob', 1, 2, 3],
      ['ttp', 1, 3, 3]
    ]);
  });

  it('says what can be opened', () => {
    expect(shown(['bob']).map(row => row.expanded)).toEqual([true, false, false, false, null]);
  });

  it('has the conditions of what is open behind its tasks', () => {
    const conditions = new Map([
      ['alice/old', [condition]],
      ['alice/new', [condition]]
    ]);
    const ids = shown(['alice/old'], '', conditions).map(row => row.id);
    expect(ids.slice(3, 5)).toEqual(['alice/old/old-1', 'alice/old#JobValidated']);
    expect(ids).not.toContain('alice/new#JobValidated');
    expect(parentOf('alice/old#JobValidated')).toBe('alice/old');
  });

  it.each([
    ['OLD', ['alice', 'alice/old', 'bob', 'ttp']],
    ['running', ['alice', 'alice/new', 'bob', 'ttp']],
    [' ', ['alice', 'alice/new', 'alice/old', 'bob', 'ttp']],
    ['none', ['alice', 'bob', 'ttp']]
  ])('filters jobs by name and phase: %s', (filter, ids) => {
    expect(shown([], filter).map(row => row.id)).toEqual(ids);
  });
});

describe('selection', () => {
  const before = shown(['alice/old']);
  const without = (id: string) => before.filter(row => !row.id.startsWith(id));

  it('stays where it is', () => {
    expect(selection('alice/new', before, without('alice/old'))).toBe('alice/new');
    expect(selection(null, before, before)).toBeNull();
  });

  it('goes to what it was folded into', () => {
    expect(selection('alice/old/old-1', before, shown([]))).toBe('alice/old');
    expect(selection('alice/old/old-1', before, shown(['alice']))).toBe('alice');
  });

  it('goes to what stands in the place of what was deleted', () => {
    expect(selection('alice/new', before, without('alice/new'))).toBe('alice/old');
    expect(selection('ttp', before, without('ttp'))).toBe('bob');
    expect(selection('alice', before, [])).toBeNull();
  });
});

describe('keys', () => {
  const tree = shown(['alice/old', 'bob']);
  it.each([
    ['ArrowDown', 'alice', { select: 'alice/new' }],
    ['ArrowDown', 'ttp', { select: 'ttp' }],
    ['ArrowUp', 'bob', { select: 'alice/old/old-1' }],
    ['Home', 'bob', { select: 'alice' }],
    ['End', 'alice', { select: 'ttp' }],
    ['ArrowRight', 'alice/new', { toggle: 'alice/new' }],
    ['ArrowRight', 'alice/old', { select: 'alice/old/old-1' }],
    ['ArrowRight', 'ttp', {}],
    ['ArrowLeft', 'alice/old', { toggle: 'alice/old' }],
    ['ArrowLeft', 'alice/old/old-1', { toggle: undefined, select: 'alice/old' }],
    ['ArrowLeft', 'ttp', {}],
    ['Enter', 'bob', { toggle: 'bob' }],
    [' ', 'ttp', {}]
  ])('%s on %s', (key, selected, meant) => {
    const closed = key === 'ArrowLeft' && selected === 'alice/old/old-1';
    const found = closed
      ? stroke(
          key,
          shown(['alice/old', 'bob']).map(row => (row.id === selected ? { ...row, expanded: false } : row)),
          selected
        )
      : stroke(key, tree, selected);
    expect(found).toEqual(meant);
  });

  it('leaves other keys alone', () => {
    expect(stroke('a', tree, 'alice')).toBeNull();
  });

  it('begins at the top if nothing is selected', () => {
    expect(stroke('ArrowDown', tree, null)).toEqual({ select: 'alice' });
  });
});
