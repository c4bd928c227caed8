import type { NotebookPanel } from '@jupyterlab/notebook';
import { StateDB } from '@jupyterlab/statedb';
import { describe, expect, it } from 'vitest';

import { Folds } from '../src/panel/folds';
import { entities } from './entities';

const notebook = (path: string) => ({ context: { path } }) as unknown as NotebookPanel;
const without = (gone: string) => new Map([...entities].filter(([id]) => !id.startsWith(gone)));

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
    folds.toggle(one, 'alice/done');
    folds.toggle(one, 'alice/done/task-2');
    folds.prune(one, entities);
    expect([...folds.of(one)]).toEqual(['alice/done', 'alice/done/task-2']);
    folds.prune(one, without('alice/done/'));
    expect([...folds.of(one)]).toEqual(['alice/done']);
    folds.prune(one, without('alice/done'));
    expect(await state.list('kuscia-nb')).toEqual({ ids: [], values: [] });
  });
});
