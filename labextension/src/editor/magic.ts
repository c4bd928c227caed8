/** The magics whose cells the kernel checks and completes. */
export type Magic = 'kusciajob' | 'bfia_submit';

const FIRST_LINE = /^%%(kusciajob|bfia_submit)(?=\s|$)/;

/** The magic that a cell begins with, if it is one of them. */
export function magicOf(source: string): Magic | null {
  return (FIRST_LINE.exec(source)?.[1] as Magic | undefined) ?? null;
}
