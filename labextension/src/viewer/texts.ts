import chinese from './chinese.json';
import { EN } from './english';
import type { IKind } from './state';
import type { Trace } from './trace';

export type Key = keyof typeof EN;

/** By the English text. */
const ZH: Record<string, string | undefined> = chinese;

/** What the viewer says, in one language. */
export class Texts {
  /** `locale` is "en" or "zh"; empty for that of the page. */
  constructor(locale: string) {
    this._zh = (locale || pageLocale()).startsWith('zh');
    this.lang = this._zh ? 'zh' : 'en';
    this._format = new Intl.NumberFormat(this.lang);
  }

  readonly lang: 'en' | 'zh';

  /** A text, its holes filled. */
  t(key: Key, values: Record<string, string | number> = {}): string {
    return this.told(EN[key], values);
  }

  /** The same of an English text that came with the trace. */
  told(text: string, values: Record<string, string | number>): string {
    return this._say(text).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  }

  /** What a kind of step is called, and what happens in it. */
  kind({ title, text }: IKind): IKind {
    return { title: this._say(title), text: this._say(text) };
  }

  count(number: number): string {
    return this._format.format(number);
  }

  person(name: string): string {
    return name === 'ttp' || name === 'observer' ? this.t(name) : name;
  }

  /** What a step is, and what it is for, unless that is the same. */
  heading(trace: Trace, i: number): string {
    const [kind, op] = [trace.kind(i), trace.op(i)];
    const { title } = this.kind(trace.header.kinds[kind]);
    return op === kind ? title : `${title} · ${op}`;
  }

  /** Where in the training a step is, and in which task if there are several. */
  place(trace: Trace, i: number): string {
    const [e, b] = [trace.epoch(i), trace.batch(i)];
    const found = b === 0 ? 'outside' : trace.epochs > 1 ? 'epochOf' : 'batchOf';
    const text = trace.trained ? this.t(found, { e, b }) : '';
    if (trace.header.tasks.length < 2) {
      return text;
    }
    const task = trace.task(i);
    return text ? this.t('taskOf', { task, place: text }) : task;
  }

  private _say(text: string): string {
    return (this._zh && ZH[text]) || text;
  }

  private readonly _zh: boolean;
  private readonly _format: Intl.NumberFormat;
}

function pageLocale(): string {
  const page = document.documentElement.lang || '';
  const wanted = /^zh/i.test(page) ? page : navigator.language || page;
  return /^zh/i.test(wanted) ? 'zh' : 'en';
}
