import { describe, expect, it } from 'vitest';

import { elementOf, elementsOf, sees, sumOf, written } from '../../src/viewer/lens';
import type { Piece } from '../../src/viewer/state';
import type { INumber, IStep } from '../../src/viewer/trace';
import { opened } from './fixture';
import { whole } from './told';

const trace = opened(whole);
const { lenses } = whole.header;
const looking = (lens: string, fixed = false) => ({ lens: lenses.indexOf(lens), fixed, element: 0 });

const number = (words: bigint[], more: Partial<INumber> = {}): INumber => ({
  ...{ name: 'x', of: 'alice', shape: [words.length], seen: 15, bits: 18 },
  words: BigUint64Array.from(words),
  ...more
});

/** A formula as text, with symbols or with what a lens sees of the numbers. */
function text(pieces: Piece[], step: IStep, lens?: string): string {
  const shown = (one: number | string) =>
    typeof one === 'string' ? one : (elementOf(step.numbers[one], looking(lens!)) ?? 'hidden');
  return pieces
    .map(piece => (typeof piece === 'string' ? piece : (lens ? piece[1].map(shown) : piece[0]).join('·')))
    .join('');
}

/** A whole number as it is, unless it is large; else seven digits. */
const digits = (value: number) =>
  Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : value.toPrecision(7);

describe('a lens', () => {
  it.each(whole.steps)('shows the formulas of step $i: $kind', ({ i, symbols, lines }) => {
    const step = trace.step(i);
    const { equations } = step.pattern;
    expect(equations.map(pieces => text(pieces, step))).toEqual(symbols);
    for (const [lens, expected] of Object.entries(lines)) {
      expect(equations.map(pieces => text(pieces, step, lens))).toEqual(expected);
    }
  });

  it.each(whole.steps)('shows the numbers of step $i: $kind', ({ i, rows }) => {
    const step = trace.step(i);
    expect(step.pattern.rows).toHaveLength(rows.length);
    for (const places of step.pattern.rows) {
      const parts = places.map(place => step.numbers[place]);
      const sum = sumOf(parts);
      const of = parts.map(part => part.of ?? 'both').sort();
      const row = rows.find(one => one.name === sum.name && one.of === of.join(' + '))!;
      expect(lenses.filter((_, lens) => sees(lens, sum.seen))).toEqual(row.seen);
      expect(elementsOf(sum, looking('observer'))!.shown.slice(0, 2)).toEqual(row.ring);
      elementsOf(sum, looking('observer', true))!
        .shown.slice(0, 2)
        .forEach((shown, k) => expect(shown).toBe(digits(row.fixed[k])));
    }
  });

  it('shows nothing to who does not see a number', () => {
    const own = number([1n], { seen: 0b1001 });
    expect(elementOf(own, looking('bob'))).toBeNull();
    expect(elementsOf(own, looking('ttp'))).toBeNull();
    expect(elementOf(own, looking('alice'))).toBe('1');
  });

  it('shows the last element that there is, or that there is none', () => {
    expect(elementOf(number([1n, 2n]), { lens: 0, fixed: false, element: 3 })).toBe('2');
    expect(elementOf(number([]), looking('alice'))).toBeUndefined();
  });

  it('says that a number has more elements than the trace', () => {
    expect(elementsOf(number([1n, 2n], { shape: [2, 3] }), looking('alice'))).toEqual({
      shown: ['1', '2'],
      more: true
    });
    expect(elementsOf(number([1n, 2n], { shape: [2, 1] }), looking('alice'))!.more).toBe(false);
  });
});

describe('a sum', () => {
  it('is modulo 2^64, and seen by those who see both parts', () => {
    const sum = sumOf([number([2n ** 64n - 1n, 5n], { seen: 0b1001 }), number([3n], { seen: 0b1010 })]);
    expect([...sum.words]).toEqual([2n]);
    expect(sum.seen).toBe(0b1000);
  });
});

describe('an element', () => {
  it.each([
    [3n << 17n, 18, '1.500000'],
    [2n ** 64n - (1n << 18n), 18, '-1'],
    [1n, 18, '0.000003814697'],
    [1_234_567n << 18n, 18, '1234567'],
    [3n << 35n, 36, '1.500000'],
    [2n ** 64n - 1n, null, '18446744073709551615']
  ])('%s with %s bits behind the point is %s', (word, bits, text) => {
    const [ring, fixed] = [false, true].map(one => written(word, number([word], { bits }), one));
    expect(ring).toBe(String(word));
    expect(fixed).toBe(text);
  });
});
