import { describe, expect, it } from 'vitest';

import { ZH, ZH_KINDS } from '../../src/viewer/chinese';
import { EN } from '../../src/viewer/english';
import { Texts } from '../../src/viewer/texts';
import { opened } from './fixture';
import { cut, kinds, whole } from './told';

const [english, chinese] = [new Texts('en'), new Texts('zh')];
const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe('both languages', () => {
  it.each(Object.keys(EN) as (keyof typeof EN)[])('say %s with the same holes', key => {
    expect(holes(ZH[key])).toEqual(holes(EN[key]));
  });

  it('know every kind of step', () => {
    expect(Object.keys(ZH_KINDS).sort()).toEqual([...kinds].sort());
    expect(Object.values(ZH_KINDS).every(([title, text]) => title && text)).toBe(true);
  });
});

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
