import type { NotebookPanel } from '@jupyterlab/notebook';
import { StateDB } from '@jupyterlab/statedb';
import { describe, expect, it } from 'vitest';

import type { Entity } from '../src/kernel/protocol';
import { Folds } from '../src/panel/folds';

const notebook = (path: string) => ({ context: { path } }) as unknown as NotebookPanel;
const entities = (...ids: string[]) => new Map(ids.map(id => [id, {} as Entity]));

describe('folds', () => {
  it('are of one notebook', () => {
    const [one, other, folds] = [notebook('one'), notebook('other'), new Folds(null)];
    folds.toggle(one, 'alice/job');
    folds.toggle(one, 'bob');
    folds.toggle(one, 'bob');
    expect([...folds.of(one)]).toEqual(['alice/job']);
    expect([...folds.of(other)]).toEqual([]);
    expect([...folds.of(null)]).toEqual([]);
  });

  it('are there again when the page is loaded anew', async () => {
    const state = new StateDB();
    new Folds(state).toggle(notebook('one'), 'alice/job');
    const [again, folds] = [notebook('one'), new Folds(state)];
    await folds.restore(again);
    expect([...folds.of(again)]).toEqual(['alice/job']);
  });

  it('are not taken back by what was kept', async () => {
    const state = new StateDB();
    await state.save('kuscia-nb:folds:one', ['alice/old']);
    const [one, folds] = [notebook('one'), new Folds(state)];
    const restored = folds.restore(one);
    folds.toggle(one, 'alice/new');
    await restored;
    expect([...folds.of(one)]).toEqual(['alice/new']);
  });

  it('go with what they are of, and leave nothing', async () => {
    const [state, one] = [new StateDB(), notebook('one')];
    const folds = new Folds(state);
    folds.toggle(one, 'alice/job');
    folds.toggle(one, 'alice/job/task');
    folds.prune(one, entities('alice', 'alice/job'));
    expect([...folds.of(one)]).toEqual(['alice/job']);
    folds.prune(one, entities('alice'));
    expect(await state.list('kuscia-nb')).toEqual({ ids: [], values: [] });
  });
});
