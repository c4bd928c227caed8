import type { Extension } from '@codemirror/state';
import { Compartment } from '@codemirror/state';
import type { PluginValue, ViewUpdate } from '@codemirror/view';
import { EditorView, ViewPlugin } from '@codemirror/view';

import type { Magic } from '../kernel/protocol';
import { magicOf } from './magic';

/** Makes what an editor gets while its text begins with a magic. */
export type MagicExtension = (magic: Magic) => Promise<Extension>;

/** What such an editor has. */
export const EDITOR_CLASS = 'jp-kuscia-nb-Editor';

/** Characters in which a magic is looked for. */
const BEGINNING = 1000;

/** An editor extension that follows the beginning of the text: what `make` gives is there only while a magic is. */
export function whileMagic(make: MagicExtension): Extension {
  const compartment = new Compartment();
  const follower = ViewPlugin.define(view => new Follower(view, compartment, make));
  return [compartment.of([]), follower];
}

/** Follows the beginning of one editor's text. */
class Follower implements PluginValue {
  constructor(
    private _view: EditorView,
    private _compartment: Compartment,
    private _make: MagicExtension
  ) {
    this._follow();
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this._follow();
    }
  }

  destroy(): void {
    this._isDestroyed = true;
  }

  private _follow(): void {
    const magic = magicOf(this._view.state.doc.sliceString(0, BEGINNING));
    if (magic !== this._magic) {
      this._magic = magic;
      void this._change(magic);
    }
  }

  /** Put in what belongs to a magic, unless it has changed again meanwhile. */
  private async _change(magic: Magic | null): Promise<void> {
    const extension = magic
      ? [await this._make(magic), EditorView.editorAttributes.of({ class: EDITOR_CLASS })]
      : await Promise.resolve([]); // an editor must not be changed while it tells of a change
    if (magic === this._magic && !this._isDestroyed) {
      this._view.dispatch({
        effects: this._compartment.reconfigure(extension)
      });
    }
  }

  private _magic: Magic | null = null;
  private _isDestroyed = false;
}
