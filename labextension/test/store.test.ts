import { describe, expect, it } from 'vitest';

import { Store } from '../src/kernel/store';
import { job, node } from './entities';

function filled(): { store: Store; changes: () => number } {
  const store = new Store();
  let changes = 0;
  store.changed.connect(() => changes++);
  store.take({ type: 'snapshot', version: 7, entities: { alice: node, 'alice/a': job } });
  return { store, changes: () => changes };
}

describe('the store', () => {
  it('takes deltas in order and keeps the order of what is known', () => {
    const { store, changes } = filled();
    const later = { ...job, phase: 'Succeeded' as const };
    expect(
      store.take({ type: 'delta', version: 8, entities: { 'alice/a': later, 'alice/b': job }, removed: [] })
    ).toBe(true);
    expect([...store.entities.keys()]).toEqual(['alice/b', 'alice', 'alice/a']);
    expect(store.entities.get('alice/a')).toEqual(later);
    expect(changes()).toBe(2);
  });

  it('forgets what was removed', () => {
    const { store } = filled();
    store.take({ type: 'delta', version: 8, entities: {}, removed: ['alice/a'] });
    expect([...store.entities.keys()]).toEqual(['alice']);
  });

  it('has a job that was run anew under its name, as the newest', () => {
    const { store } = filled();
    store.take({ type: 'delta', version: 8, entities: { 'alice/b': job }, removed: [] });
    const again = { ...job, started: 1 };
    store.take({ type: 'delta', version: 9, entities: { 'alice/a': again }, removed: ['alice/a'] });
    expect([...store.entities.keys()]).toEqual(['alice/a', 'alice/b', 'alice']);
    expect(store.entities.get('alice/a')).toEqual(again);
  });

  it('refuses a delta behind a gap, and changes nothing then', () => {
    const { store, changes } = filled();
    expect(store.take({ type: 'delta', version: 9, entities: {}, removed: ['alice'] })).toBe(false);
    expect(store.entities.size).toBe(2);
    expect(changes()).toBe(1);
  });

  it('takes a snapshot at any time', () => {
    const { store } = filled();
    expect(store.take({ type: 'snapshot', version: 3, entities: {} })).toBe(true);
    expect(store.take({ type: 'delta', version: 4, entities: { alice: node }, removed: [] })).toBe(true);
    expect(store.entities.size).toBe(1);
  });
});
