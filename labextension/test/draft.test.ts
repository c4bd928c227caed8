import { expect, it } from 'vitest';

import { firstDraft, withOperator, withText } from '../src/form/draft';
import type { IForm } from '../src/form/types';

const operator = { appImage: '', description: '', inputs: ['data'], outputs: [], parameters: [] };
const form: IForm = {
  nodes: ['alice', 'bob'],
  names: { ss_lr: 'job-ss-lr-2', count: 'job-count' },
  operators: [
    { ...operator, name: 'ss_lr' },
    { ...operator, name: 'count' }
  ],
  files: {
    alice: [{ name: 'a.csv', bytes: 1 }],
    bob: [
      { name: 'b.csv', bytes: 1 },
      { name: 'c.csv', bytes: 1 }
    ]
  }
};

it('begins with a free name, and the files where there is only one', () => {
  const draft = firstDraft(form);
  expect([draft.operator, draft.name]).toEqual(['ss_lr', 'job-ss-lr-2']);
  expect(draft.inputs).toEqual({ alice: { data: 'a.csv' }, bob: {} });
});

it('names the job after the operator, until somebody has named it', () => {
  const first = firstDraft(form);
  expect(withOperator(form, first, 'count').name).toBe('job-count');
  expect(withOperator(form, withOperator(form, first, 'count'), 'ss_lr').name).toBe('job-ss-lr-2');
  expect(withOperator(form, withText(first, ['name'], 'mine'), 'count').name).toBe('mine');
});
