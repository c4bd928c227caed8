import { nullTranslator } from '@jupyterlab/translation';
import { expect, it } from 'vitest';

import { age, details, facts, parts, size, title } from '../src/panel/words';

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

const job = {
  kind: 'job' as const,
  node: 'alice',
  name: 'a',
  initiator: 'alice',
  phase: 'Running' as const,
  started: 1000,
  ended: null,
  progress: 0.429,
  message: '',
  trace: 'off' as const,
  messages: 2000,
  bytes: 1024
};

it('says how far a running job is, and how old', () => {
  expect(details(job, 4000, trans)).toBe('Running 42 % 3s');
  expect(details({ ...job, phase: 'Failed' }, 4000, trans)).toBe('Failed 3s');
});

it('says why a job has failed', () => {
  expect(facts(job, trans)).toEqual(['2,000 messages, 1.00 KiB']);
  expect(facts({ ...job, phase: 'Failed', message: 'no file' }, trans)[0]).toBe('no file');
});

it('says how far a party is, what says most first', () => {
  const party = {
    kind: 'party' as const,
    node: 'alice',
    job: 'a',
    task: 'a-1',
    name: 'host.0',
    domain: 'alice',
    phase: 'Running' as const,
    epoch: 1,
    epochs: 3,
    batch: 0,
    batches: 476
  };
  expect(title(party)).toBe('alice (host.0)');
  expect(parts(party, 0, trans)).toEqual(['epoch 1/3', ', batch 0/476']);
  expect(parts({ ...party, epochs: 1 }, 0, trans)).toEqual(['batch 0/476', ', epoch 1/1']);
  expect(parts({ ...party, phase: 'Failed' }, 0, trans)).toEqual(['Failed']);
  expect(parts({ ...party, epochs: null }, 0, trans)).toEqual(['Running']);
});
