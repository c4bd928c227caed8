import { describe, expect, it } from 'vitest';

import { Texts } from '../../src/viewer/texts';
import { opened } from './fixture';
import { cut, whole } from './told';

const [english, chinese] = [new Texts('en'), new Texts('zh')];

describe('texts', () => {
  it('say where a step is, and in which task if there are several', () => {
    const trace = opened(cut);
    expect(english.place(trace, 0)).toBe('outside of training, task task');
    expect(english.place(trace, trace.count - 1)).toBe('epoch 2, batch 3, task second');
    expect(english.place(opened(whole), 0)).toBe('');
  });

  it('say what a step is, and what for if that is something else', () => {
    const trace = opened(whole);
    const kinds = Array.from({ length: trace.count }, (_, i) => trace.kind(i));
    expect(english.heading(trace, kinds.indexOf('negate'))).toBe('Negate');
    expect(chinese.heading(trace, kinds.indexOf('negate'))).toBe('取负');
    expect(english.heading(trace, kinds.indexOf('join'))).toMatch(/^Seed to the TTP · /);
  });

  it('fill holes and count as a language does', () => {
    expect(english.t('batchOf', { b: 3 })).toBe('batch 3');
    expect(english.count(12345)).toBe('12,345');
    expect(['ttp', 'observer', 'alice'].map(name => chinese.person(name))).toEqual([
      'TTP',
      '观察者',
      'alice'
    ]);
  });
});
