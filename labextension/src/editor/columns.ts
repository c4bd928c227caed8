/*
 * The kernel counts characters, a string of JavaScript counts UTF-16 units. They differ behind characters such as 🦜.
 */

/** A place in a text as the kernel counts it: lines and columns from 1. */
export interface IPlace {
  line: number;
  column: number;
}

/** The place that has `count` characters before it. */
export function placeAfter(text: string, count: number): IPlace {
  const lines = [...text].slice(0, count).join('').split('\n');
  const last = lines[lines.length - 1];
  return { line: lines.length, column: [...last].length + 1 };
}

/** The index in a line of the character at a column that counts from 1; the line's end if it is behind it. */
export function unitIndex(line: string, column: number): number {
  return [...line].slice(0, Math.max(column - 1, 0)).join('').length;
}
