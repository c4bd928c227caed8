import type { IHeader } from '../../src/viewer/state';
import { Trace } from '../../src/viewer/trace';

/** A trace as a kernel sends it, and what its views say of some of its steps. */
export interface ITold {
  header: IHeader;
  /** In base 64. */
  columns: string;
  steps: IToldStep[];
}

export interface IToldStep {
  i: number;
  number: number;
  task: string;
  kind: string;
  op: string;
  batch: number;
  epoch: number;
  draws: number[];
  symbols: string[];
  /** The formulas with the first element of each number, by lens. */
  lines: Record<string, string[]>;
  rows: { name: string; of: string; ring: string[]; fixed: number[]; seen: string[] }[];
  messages: [
    op: string,
    sender: string,
    receiver: string,
    round: number,
    bytes: number,
    key: string,
    content: string | null
  ][];
}

/** The trace as the viewer has it: a view into a larger buffer, at a place that is no multiple of 8. */
export function opened({ header, columns }: ITold): Trace {
  const bytes = Buffer.from(columns, 'base64');
  const buffer = new Uint8Array(bytes.length + 16);
  buffer.set(bytes, 3);
  return new Trace(header, new DataView(buffer.buffer, 3, bytes.length));
}
