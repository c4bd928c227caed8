import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { FormModel } from './model';
import { FormView } from './view';

export interface IFormOptions {
  languages: IEditorLanguageRegistry;
  trans: TranslationBundle;
  /** Put a cell into the notebook, and perhaps run it. */
  insert: (cell: string, run: boolean) => void;
  /** Show the first rows of a node's file. */
  preview: (node: string, name: string) => void;
}

/** The form for a new job, as a widget; it goes once its cell is inserted. */
export class FormWidget extends VDomRenderer<FormModel> {
  constructor(
    model: FormModel,
    private _options: IFormOptions
  ) {
    super(model);
    this.addClass('jp-kuscia-nb-FormWidget');
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
      super.dispose();
    }
  }

  protected render(): JSX.Element {
    const { languages, trans, preview } = this._options;
    return (
      <FormView
        model={this.model}
        languages={languages}
        trans={trans}
        preview={preview}
        insert={run => void this._insert(run)}
      />
    );
  }

  protected onActivateRequest(): void {
    void this.renderPromise?.then(() => this._focus('input, select, button'));
  }

  private async _insert(run: boolean): Promise<void> {
    const cell = await this.model.finish();
    if (this.isDisposed) {
      return;
    }
    if (cell === null) {
      await this.renderPromise;
      this._focus('[aria-invalid="true"]');
      return;
    }
    this._options.insert(cell, run);
    (this.parent ?? this).dispose();
  }

  private _focus(selector: string): void {
    this.node.querySelector<HTMLElement>(selector)?.focus();
  }
}
