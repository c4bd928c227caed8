/**
 * What a kernel sends of a trace: a header, and one buffer with all columns (kuscia_nb/views/trace_viewer.py and
 * trace_patterns.py, where it is said what a pattern is).
 */

export interface IHeader {
  title: string;
  /** Whether it is a run with a seed, in which nothing is secret. */
  repeatable: boolean;
  /** Whether there are the numbers of each step; else each message is a step. */
  numbers: boolean;
  /** How many elements there are of an array, at most. */
  elements: number;
  /** How many steps are not in this view. */
  cut: number;
  tasks: { id: string; left_out: number; unlisted: number }[];
  /** Through whose eyes one may look: the parties, the TTP, the observer. What they see is bits in this order. */
  lenses: string[];
  draws_seen: number;
  names: { ops: string[]; people: string[]; keys: string[] };
  kinds: Record<string, IKind>;
  patterns: IPattern[];
  columns: IPlace[];
  tour: { stops: IStop[]; open: boolean };
}

/** Where the tour halts: what happens there, and a question and its answer for who looks; {me} and {peer} are holes. */
export interface IStop {
  /** Its place in the trace. */
  step: number;
  text: string;
  party: [string, string];
  ttp: [string, string];
  observer: [string, string];
}

/** What steps of a kind do, in English. */
export interface IKind {
  title: string;
  text: string;
}

/** What many steps have in common. */
export interface IPattern {
  task: number;
  kind: string;
  numbers: IDescription[];
  equations: Piece[][];
  /** The numbers in the order of a table: one place, or two that are added. */
  rows: number[][];
}

/** All of a number but its elements. */
export interface IDescription {
  name: string;
  /** Whose it is; null is common to both. */
  of: string | null;
  shape: number[];
  seen: number;
  /** Bits behind the point; null is a whole number. */
  bits: number | null;
}

/** A piece of an equation: text, or the symbols of a product, and the numbers in their place. */
export type Piece = string | [symbols: string[], numbers: (number | string)[]];

/** Where in the buffer a column is. */
export interface IPlace {
  name: string;
  type: string;
  start: number;
  length: number;
}

type Numbers =
  | `step_${'number' | 'pattern' | 'op' | 'batch' | 'epoch' | 'messages' | 'draws'}`
  | `message_${'op' | 'sender' | 'receiver' | 'key' | 'number' | 'round'}`
  | 'own_messages'
  | 'own_carried'
  | 'number_array'
  | 'array_length';
type Words = 'message_bytes' | 'draws' | 'words';
export type Columns = Record<Numbers, ArrayLike<number>> & Record<Words, BigUint64Array>;

const TYPES = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint64: BigUint64Array
};

/** The columns by name, over a buffer of their own: typed arrays want to begin at multiples of 8. */
export function columnsOf(places: IPlace[], data: DataView): Columns {
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const columns = places.map(({ name, type, start, length }) => [
    name,
    new TYPES[type as keyof typeof TYPES](buffer, start, length)
  ]);
  return Object.fromEntries(columns) as Columns;
}
