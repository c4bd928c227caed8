import { nullTranslator } from '@jupyterlab/translation';
import { expect, it } from 'vitest';

import { SIGNS, age, details, facts, parts, size, title } from '../src/panel/words';
import { entities, job, node, party, stopped, task, ttp } from './entities';
import { results } from './told';

const trans = nullTranslator.load('kuscia_nb');

it.each([
  [0, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [7_199_000, '119m'],
  [7_200_000, '2h'],
  [48 * 3_600_000, '2d'],
  [-5, '0s']
])('says %i ms as %s', (milliseconds, text) => expect(age(milliseconds)).toBe(text));

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [2_080_887, '1.98 MiB'],
  [2 ** 45, '3.28e+4 GiB']
])('says %i bytes as %s', (bytes, text) => expect(size(bytes)).toBe(text));

it('says how far a running job is, and how old', () => {
  expect(details(job, job.started + 3000, trans)).toBe('Running 25 % 3s');
  expect(details({ ...job, progress: 0.429 }, job.started, trans)).toBe('Running 42 % 0s');
  expect(details(stopped, stopped.started + 3000, trans)).toBe('Failed 3s');
});

it('says why a job has failed', () => {
  expect(facts({ ...job, messages: 2000, bytes: 1024 }, trans)).toEqual(['2,000 messages, 1.00 KiB']);
  expect(facts(stopped, trans)).toEqual(['Job was stopped', '2 messages, 10 B']);
});

it('says how far a party is, what says most first', () => {
  expect(title(party)).toBe('alice (host.0)');
  expect(parts(party, 0, trans)).toEqual(['epoch 1/2', ', batch 1/2']);
  expect(parts({ ...party, epochs: 1, batch: 0, batches: 476 }, 0, trans)).toEqual([
    'batch 0/476',
    ', epoch 1/1'
  ]);
  expect(parts(entities.get('alice/done/task-2/host.0')!, 0, trans)).toEqual(['Succeeded']);
  expect(parts(entities.get('bob/counting/task-1/host.0')!, 0, trans)).toEqual(['Pending']);
});

it('says what nodes and the TTP have done', () => {
  expect(details(node, 0, trans)).toBe('3 jobs, 1 running');
  expect(facts({ ...node, url: 'http://127.0.0.1:8084' }, trans)).toEqual(['http://127.0.0.1:8084']);
  expect(details({ ...ttp, requests: 4, bytes: 159_936 }, 0, trans)).toBe('4 requests, 156 KiB');
});

it('says what a condition is, and when it was set', () => {
  const [condition] = results.conditions;
  const row = { kind: 'condition' as const, ...condition };
  expect([title(row), details(row, 0, trans)]).toEqual(['JobValidated', '']);
  expect(details({ ...row, status: 'False', reason: 'Why', message: 'no file' }, 0, trans)).toBe(
    'False no file'
  );
  expect(facts(row, trans)).toEqual([new Date(condition.time).toTimeString().slice(0, 8)]);
});

it('has a shape for every phase that a kernel tells', () => {
  const phases = [...entities.values()].flatMap(one => ('phase' in one ? [one.phase] : []));
  expect([...new Set(phases)].sort()).toEqual(Object.keys(SIGNS).sort());
});

it('names a task by what its manifest calls it', () => {
  expect([title(task), facts(task, trans)]).toEqual(['step', ['task-1']]);
});
