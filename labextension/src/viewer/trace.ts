import { type Columns, columnsOf, type IDescription, type IHeader, type IPattern } from './state';

/** A number of a step, with the first of its elements. */
export interface INumber extends IDescription {
  words: BigUint64Array;
}

/** A message; what it carried, if the trace has it. */
export interface IMessage {
  op: string;
  sender: string;
  receiver: string;
  bytes: number;
  round: number;
  key: string;
  carried: INumber | undefined;
}

/** One step. */
export interface IStep {
  /** Its place in this view. */
  i: number;
  /** Its place in the trace. */
  number: number;
  op: string;
  pattern: IPattern;
  numbers: INumber[];
  messages: IMessage[];
  /** Counters and sizes of random numbers as the TTP is told them, in turns. */
  draws: number[];
}

/** The trace, which is decoded step by step, as somebody looks at it. */
export class Trace {
  constructor(
    readonly header: IHeader,
    data: DataView
  ) {
    const columns = (this._columns = columnsOf(header.columns, data));
    this.count = columns.step_pattern.length;
    this.trained = Array.from(columns.step_batch).some(batch => batch > 0);
    this.epochs = Array.from(columns.step_epoch).reduce((most, epoch) => Math.max(most, epoch), 0);
    this._numbers = starts(
      Array.from(columns.step_pattern, pattern => header.patterns[pattern].numbers.length)
    );
    this._messages = starts(columns.step_messages);
    this._draws = starts(columns.step_draws);
    this._words = starts(columns.array_length);
  }

  /** How many steps there are in this view. */
  readonly count: number;
  /** Whether there is a training in it. */
  readonly trained: boolean;
  readonly epochs: number;

  /** The parties, in the order of their names. */
  get parties(): string[] {
    return this.header.lenses.slice(0, -2);
  }

  number(i: number): number {
    return this._columns.step_number[i];
  }

  /** How many steps of the trace are not in this view, before one that is. */
  missing(i: number): number {
    return i > 0 ? this.number(i) - this.number(i - 1) - 1 : this.number(i);
  }

  pattern(i: number): IPattern {
    return this.header.patterns[this._columns.step_pattern[i]];
  }

  kind(i: number): string {
    return this.pattern(i).kind;
  }

  task(i: number): string {
    return this.header.tasks[this.pattern(i).task].id;
  }

  op(i: number): string {
    return this.header.names.ops[this._columns.step_op[i]];
  }

  /** In its epoch, from 1; outside of training it is 0. */
  batch(i: number): number {
    return this._columns.step_batch[i];
  }

  epoch(i: number): number {
    return this._columns.step_epoch[i];
  }

  /** All of a step. */
  step(i: number): IStep {
    const pattern = this.pattern(i);
    const numbers = pattern.numbers.map((number, k) => ({
      ...number,
      words: this._array(this._columns.number_array[this._numbers[i] + k])
    }));
    const messages = [];
    for (let k = this._messages[i]; k < this._messages[i + 1]; k++) {
      messages.push(this._message(k, numbers));
    }
    const draws = Array.from(this._columns.draws.subarray(this._draws[i], this._draws[i + 1]), Number);
    return { i, number: this.number(i), op: this.op(i), pattern, numbers, messages, draws };
  }

  private _array(place: number): BigUint64Array {
    return this._columns.words.subarray(this._words[place], this._words[place + 1]);
  }

  private _message(place: number, numbers: INumber[]): IMessage {
    const { _columns: columns } = this;
    const { ops, people, keys } = this.header.names;
    const seq = columns.own_messages[place];
    return {
      op: ops[columns.message_op[seq]],
      sender: people[columns.message_sender[seq]],
      receiver: people[columns.message_receiver[seq]],
      bytes: Number(columns.message_bytes[seq]),
      round: columns.message_round[seq],
      key: keys[columns.message_key[seq]].replace('{}', String(columns.message_number[seq])),
      carried: numbers[columns.own_carried[place] - 1]
    };
  }

  private readonly _columns: Columns;
  private readonly _numbers: Uint32Array;
  private readonly _messages: Uint32Array;
  private readonly _draws: Uint32Array;
  private readonly _words: Uint32Array;
}

/** Where the parts of each step begin: running sums of their counts. */
function starts(counts: ArrayLike<number>): Uint32Array {
  const result = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) {
    result[i + 1] = result[i] + counts[i];
  }
  return result;
}
