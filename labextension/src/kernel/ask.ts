import type { IMethods } from './protocol';

export type Method = keyof IMethods;

export type Params<M extends Method> = IMethods[M]['params'];

export type Result<M extends Method> = IMethods[M]['result'];

/** Asks a kernel. */
export type Ask = <M extends Method>(method: M, params: Params<M>) => Promise<Result<M>>;
