import type { Trace } from './trace';

/** Where one may go from a step. */

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** The steps with which a batch begins, in any epoch and task, and the first one. */
export function batches(trace: Trace): number[] {
  const begins: number[] = [];
  let last = '';
  for (let i = 0; i < trace.count; i++) {
    const key = [trace.pattern(i).task, trace.epoch(i), trace.batch(i)].join('/');
    if (key !== last && (trace.batch(i) > 0 || i === 0)) {
      begins.push(i);
    }
    last = key;
  }
  return begins;
}

/** Where a look at a trace begins: with the first batch, as what comes before it only prepares. */
export function opening(trace: Trace): number {
  for (let i = 0; i < trace.count; i++) {
    if (trace.batch(i) > 0) {
      return i;
    }
  }
  return 0;
}

/** The place of the last of these rising numbers that is not above a limit. */
export function lastUpTo(numbers: number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

/** Where the next batch begins, or else the last step. */
export function nextBatch(trace: Trace, begins: number[], step: number): number {
  return begins[lastUpTo(begins, step) + 1] ?? trace.count - 1;
}

/** Where this batch begins, or if that is here, the one before. */
export function previousBatch(begins: number[], step: number): number {
  return begins[lastUpTo(begins, step - 1)] ?? 0;
}

/** The first step of every operation: a kind of step, and what it is for. */
export function operations(trace: Trace): number[] {
  const seen = new Map<string, number>();
  for (let i = 0; i < trace.count; i++) {
    const key = `${trace.kind(i)}\n${trace.op(i)}`;
    if (!seen.has(key)) {
      seen.set(key, i);
    }
  }
  return [...seen.values()];
}

/** The next step with the operation of another one; behind the last step comes the first. */
export function nextLike(trace: Trace, like: number, step: number): number {
  for (let k = 1; k <= trace.count; k++) {
    const i = (step + k) % trace.count;
    if (trace.kind(i) === trace.kind(like) && trace.op(i) === trace.op(like)) {
      return i;
    }
  }
  return step;
}
