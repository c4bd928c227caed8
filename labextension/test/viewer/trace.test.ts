import { describe, expect, it } from 'vitest';

import { opened } from './fixture';
import { cut, whole } from './told';

describe.each([
  ['a whole trace', whole],
  ['a trace that is cut', cut]
])('%s', (_, told) => {
  const trace = opened(told);

  it.each(told.steps)('has step $i: $kind', ({ i, number, task, kind, op, batch, epoch, draws }) => {
    expect(trace.step(i)).toMatchObject({ i, number, op, draws });
    expect([trace.task(i), trace.kind(i), trace.op(i)]).toEqual([task, kind, op]);
    expect([trace.batch(i), trace.epoch(i)]).toEqual([batch, epoch]);
  });

  it.each(told.steps)('has the messages of step $i: $kind', ({ i, messages }) => {
    const found = trace.step(i).messages.map(({ carried, ...m }) => {
      const content = carried ? String(carried.words[0]) : null;
      return [m.op, m.sender, m.receiver, m.round, m.bytes, m.key, content];
    });
    expect(found).toEqual(messages);
  });
});

describe('a whole trace', () => {
  const trace = opened(whole);

  it('has every step once', () => {
    expect(Array.from({ length: trace.count }, (_, i) => trace.number(i))).toEqual([
      ...Array(trace.count).keys()
    ]);
    expect(Array.from({ length: trace.count }, (_, i) => trace.missing(i))).toEqual(
      Array(trace.count).fill(0)
    );
  });

  it('is of two parties, without a training', () => {
    expect(trace.parties).toEqual(['alice', 'bob']);
    expect([trace.trained, trace.epochs]).toEqual([false, 0]);
  });
});

describe('a trace that is cut', () => {
  const trace = opened(cut);

  it('says how many steps are missing, and where', () => {
    const missing = Array.from({ length: trace.count }, (_, i) => trace.missing(i));
    expect(missing.reduce((sum, n) => sum + n)).toBe(cut.header.cut);
    expect(missing.filter(n => n > 0)).toHaveLength(2);
  });

  it('has both tasks, and a training of two epochs', () => {
    expect([trace.trained, trace.epochs]).toEqual([true, 2]);
    expect([trace.task(0), trace.task(trace.count - 1)]).toEqual(['task', 'second']);
  });
});
