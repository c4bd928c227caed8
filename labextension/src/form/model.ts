import { VDomModel } from '@jupyterlab/ui-components';
import { Debouncer } from '@lumino/polling';

import type { Ask } from '../kernel/ask';
import type { IComposed, IForm, ITrouble } from '../kernel/protocol';
import { putFile } from '../kernel/upload';
import { fieldKey, firstDraft, problemOf, withOperator, withText } from './draft';
import type { Draft, Field } from './types';

/** Milliseconds without typing after which the kernel looks at the draft. */
const DELAY = 150;

/** A form for a new job: what there is to fill in, what is filled in, and what the kernel says of it. */
export class FormModel extends VDomModel {
  constructor(private _ask: Ask) {
    super();
  }

  /** What there is to fill in; null until the kernel has said it. */
  get form(): IForm | null {
    return this._form;
  }

  /** What is filled in. There is one as soon as there is a form. */
  get draft(): Draft {
    return this._draft!;
  }

  /** The text of the cell that the draft stands for; null while something is wrong. */
  get cell(): string | null {
    return this._composed.cell;
  }

  /** What is wrong, whether it is shown already or not. */
  get problems(): ITrouble[] {
    return this._composed.problems;
  }

  /** What could not be done: asking the kernel, or an upload. */
  get failure(): string {
    return this._failure;
  }

  /** Ask the kernel what there is to fill in. */
  async load(): Promise<void> {
    this._fail('');
    try {
      this._form = await this._ask('form', {});
      this._draft = firstDraft(this._form);
      await this._compose();
    } catch (error) {
      this._fail(messageOf(error));
    }
    this._changed();
  }

  /** Fill in a text. */
  fill(field: Field, text: string): void {
    this._touched.add(fieldKey(field));
    this._draft =
      field[0] === 'operator'
        ? withOperator(this._form!, this.draft, text)
        : withText(this.draft, field, text);
    this._changed();
    void this._later.invoke().catch(() => undefined); // taken back by a later text, or by dispose
  }

  /** From now on show what is wrong with a field, though nothing was filled in. */
  touch(field: Field): void {
    this._touched.add(fieldKey(field));
    this._changed();
  }

  /** What is wrong with a field, unless nobody has been there yet. */
  problem(field: Field): ITrouble | undefined {
    const isShown = this._isTried || this._touched.has(fieldKey(field));
    return isShown ? problemOf(field, this.problems) : undefined;
  }

  /** The text of the cell for the draft as it is now, or null; then all that is wrong is shown. */
  async finish(): Promise<string | null> {
    this._isTried = true;
    await this._compose();
    return this.cell;
  }

  /** Give a node a file, and choose it for an input. */
  async upload(node: string, input: string, file: File): Promise<void> {
    this._fail('');
    try {
      const { name } = await putFile(this._ask, node, file);
      this._form!.files[node] = await this._ask('files', { node });
      this.fill(['inputs', node, input], name);
    } catch (error) {
      this._fail(messageOf(error));
    }
  }

  dispose(): void {
    this._later.dispose();
    super.dispose();
  }

  /** Let the kernel look at the draft. An answer that comes after the next question is not used. */
  private async _compose(): Promise<void> {
    const draft = this.draft;
    try {
      const composed = await this._ask('compose', draft);
      if (draft === this._draft) {
        this._composed = composed;
      }
      this._fail('');
    } catch (error) {
      this._composed = NOTHING;
      this._fail(messageOf(error));
    }
  }

  private _fail(failure: string): void {
    this._failure = failure;
    this._changed();
  }

  private _changed(): void {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  }

  private _form: IForm | null = null;
  private _draft: Draft | null = null;
  private _composed: IComposed = NOTHING;
  private _failure = '';
  private _isTried = false;
  private _touched = new Set<string>();
  private _later = new Debouncer(() => this._compose(), DELAY);
}

const NOTHING: IComposed = { cell: null, problems: [] };

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
