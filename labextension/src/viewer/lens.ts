import type { INumber } from './trace';

/** How somebody looks at a step. */
export interface ILook {
  /** Through whose eyes: a place among the header's lenses. */
  lens: number;
  /** Numbers as fixed-point numbers, or else as elements of the ring. */
  fixed: boolean;
  /** Which element stands in formulas. */
  element: number;
}

const MASK = (1n << 64n) - 1n;

/** Whether a lens lets through what these lenses see. */
export function sees(lens: number, seen: number): boolean {
  return ((seen >> lens) & 1) === 1;
}

/** The sum of numbers modulo 2^64, as far as all are known; it is seen by those who see each of them. */
export function sumOf(numbers: INumber[]): INumber {
  return numbers.reduce((sum, number) => ({
    ...sum,
    seen: sum.seen & number.seen,
    words: sum.words.subarray(0, number.words.length).map((word, k) => (word + number.words[k]) & MASK)
  }));
}

/** One element as text. */
export function written(word: bigint, number: INumber, fixed: boolean): string {
  if (!fixed || number.bits === null) {
    return word.toString();
  }
  const value = Number(BigInt.asIntN(64, word)) / 2 ** number.bits;
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : value.toPrecision(7);
}

/** The element that somebody looks at; null if it is hidden, undefined if the trace does not have it. */
export function elementOf(number: INumber, look: ILook): string | null | undefined {
  if (!sees(look.lens, number.seen)) {
    return null;
  }
  const word = number.words[Math.min(look.element, number.words.length - 1)] as bigint | undefined;
  return word === undefined ? undefined : written(word, number, look.fixed);
}

/** All elements that there are of a number, and whether it has more; null if they are hidden. */
export function elementsOf(number: INumber, look: ILook): { shown: string[]; more: boolean } | null {
  if (!sees(look.lens, number.seen)) {
    return null;
  }
  const size = number.shape.reduce((product, n) => product * n, 1);
  const shown = Array.from(number.words, word => written(word, number, look.fixed));
  return { shown, more: size > shown.length };
}
