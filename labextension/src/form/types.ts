import type { Params } from '../kernel/ask';

/** Texts by the names of parameters or inputs. */
export type Texts = Record<string, string>;

/** What is filled in; an empty text is none. `own` and `inputs` are by node. */
export type Draft = Params<'compose'>;

/** The way to a text in a draft, such as `['own', 'alice', 'has_label']`; of none is what is wrong with all of it. */
export type Field = string[];
