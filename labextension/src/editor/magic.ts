import type { Magic } from '../kernel/protocol';

/** Blank lines before the magic are skipped, as IPython does. */
const BEGINNING = /^(?:[^\S\n]*(?:#.*)?\n)*%%(kusciajob|bfia_submit)(?=\s|$)/;

/** The magic that a cell begins with, if it is one of them. */
export function magicOf(source: string): Magic | null {
  return (BEGINNING.exec(source)?.[1] as Magic | undefined) ?? null;
}
