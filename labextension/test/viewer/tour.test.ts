import { describe, expect, it, vi } from 'vitest';

import { layoutOf } from '../../src/viewer/diagram';
import { press } from '../../src/viewer/keys';
import { familyOf, windowOf } from '../../src/viewer/timeline';
import { batches, lastUpTo, nextBatch, nextLike, operations, previousBatch } from '../../src/viewer/tour';
import { opened } from './fixture';
import { cut, whole } from './told';

const trace = opened(cut);
const begins = batches(trace);

describe('batches', () => {
  it('begin with the first step, and then with each batch that is in this view', () => {
    expect(begins[0]).toBe(0);
    const where = begins.slice(1).map(i => [trace.task(i), trace.epoch(i), trace.batch(i)].join(' '));
    expect(new Set(where).size).toBe(where.length);
    expect(where).toContain('second 2 3');
    begins.slice(1).forEach(i => expect(trace.batch(i)).toBeGreaterThan(0));
  });

  it('are gone to, and back from', () => {
    expect(nextBatch(trace, begins, 0)).toBe(begins[1]);
    expect(nextBatch(trace, begins, begins[1] + 1)).toBe(begins[2]);
    expect(nextBatch(trace, begins, begins.at(-1)!)).toBe(trace.count - 1);
    expect(previousBatch(begins, begins[2] + 1)).toBe(begins[2]);
    expect(previousBatch(begins, begins[2])).toBe(begins[1]);
    expect(previousBatch(begins, 0)).toBe(0);
  });

  it('have a place among rising numbers', () => {
    expect([0, 1, 2, 3, 9].map(limit => lastUpTo([1, 3, 5], limit))).toEqual([-1, 0, 0, 1, 2]);
  });
});

describe('operations', () => {
  it('are each kind of step with what it is for, once', () => {
    const found = operations(trace).map(i => `${trace.kind(i)}: ${trace.op(i)}`);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toContain('update: update');
  });

  it('come again, and after the last step from the first on', () => {
    const like = operations(trace).find(i => trace.kind(i) === 'update')!;
    const next = nextLike(trace, like, like);
    expect(next).toBeGreaterThan(like);
    expect(trace.kind(next)).toBe('update');
    expect(nextLike(trace, like, trace.count - 1)).toBe(like);
  });
});

describe('the timeline', () => {
  it('has the current step in its middle, unless it is at an end', () => {
    expect(windowOf(trace, 120, 40)).toEqual({ size: 20, from: 30 });
    expect(windowOf(trace, 120, 0)).toEqual({ size: 20, from: 0 });
    expect(windowOf(trace, 120, trace.count - 1)).toEqual({ size: 20, from: trace.count - 20 });
    expect(windowOf(trace, 6000, 40)).toEqual({ size: trace.count, from: 0 });
  });

  it('knows the TTP, messages, and what is local', () => {
    const kinds = ['triple elementwise', 'open x', 'combine', 'share'];
    expect(kinds.map(familyOf)).toEqual(['ttp', 'open', 'local', 'other']);
  });
});

describe('the diagram', () => {
  it('has titles beside the lanes, or above the messages where it is narrow', () => {
    const [wide, narrow] = [layoutOf(opened(whole), 800), layoutOf(opened(whole), 400)];
    expect(wide).toMatchObject({ lanes: ['alice', 'bob', 'ttp'], above: 0, lane: 196 });
    expect(narrow.above).toBeGreaterThan(0);
    expect(narrow.x.bob).toBe(200);
  });
});

describe('a key', () => {
  const pressed = (key: string, target: object = { tagName: 'SECTION' }, more: object = {}) => {
    const [act, stopPropagation, preventDefault] = [vi.fn(), vi.fn(), vi.fn()];
    const event = { key, target, stopPropagation, preventDefault, ...more } as unknown as KeyboardEvent;
    press(event, { ArrowRight: act, ' ': act });
    expect(stopPropagation).toHaveBeenCalledOnce();
    expect(preventDefault.mock.calls.length).toBe(act.mock.calls.length);
    return act.mock.calls.length === 1;
  };
  const radio = { tagName: 'INPUT', type: 'radio' };

  it('does what it is for, wherever the focus is', () => {
    expect(pressed('ArrowRight')).toBe(true);
    expect(pressed('ArrowRight', { tagName: 'INPUT', type: 'range' })).toBe(true);
    expect(pressed(' ')).toBe(true);
    expect(pressed('x')).toBe(false);
  });

  it("is the control's or the browser's if these have one", () => {
    expect(pressed('ArrowRight', radio)).toBe(false);
    expect(pressed(' ', radio)).toBe(false);
    expect(pressed(' ', { tagName: 'BUTTON', type: 'button' })).toBe(false);
    expect(pressed('ArrowRight', { tagName: 'SELECT' })).toBe(false);
    expect(pressed('ArrowRight', undefined, { ctrlKey: true })).toBe(false);
  });
});
