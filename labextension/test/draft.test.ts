import { expect, it } from 'vitest';

import { firstDraft, parted, problemOf, said, withOperator, withText } from '../src/form/draft';
import { results } from './told';

const { form } = results;
const [file] = form.files.bob;
const several = { ...form, files: { ...form.files, bob: [file, { ...file, name: 'own.csv' }] } };

it('begins with a free name, and the files where there is only one', () => {
  const draft = firstDraft(form);
  expect([draft.operator, draft.name, draft.initiator]).toEqual(['ss_lr', 'job-ss-lr', 'alice']);
  expect(draft.inputs).toEqual({
    alice: { train_data: 'perfect_logit_a.csv' },
    bob: { train_data: 'perfect_logit_b.csv' }
  });
  expect(firstDraft(several).inputs.bob).toEqual({});
});

it('names the job after the operator, until somebody has named it', () => {
  const first = firstDraft(form);
  expect(withOperator(form, first, 'waits').name).toBe('job-waits');
  expect(withOperator(form, withOperator(form, first, 'waits'), 'ss_lr').name).toBe('job-ss-lr');
  expect(withOperator(form, withText(first, ['name'], 'mine'), 'waits').name).toBe('mine');
});

it('tells a problem at its field', () => {
  const [problem] = results.compose.problems;
  expect(problemOf(['inputs', 'bob', 'data'], results.compose.problems)).toBe(problem);
  expect(problemOf(['inputs', 'alice', 'data'], results.compose.problems)).toBeUndefined();
  expect(said(problem)).toBe('bob needs a data file. a data file of bob');
});

it('puts what has to be given before what need not be', () => {
  const [{ parameters }] = form.operators;
  const { needed, optional } = parted([{ ...parameters[0], required: true }, ...parameters.slice(1)]);
  expect([needed, optional].map(part => part.map(one => one.name))).toEqual([['has_label'], ['optimizer']]);
});
