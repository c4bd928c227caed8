import type { Diagnostic } from '@codemirror/lint';
import { forEachDiagnostic, lintGutter, linter, nextDiagnostic, previousDiagnostic } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { StateEffect } from '@codemirror/state';
import type { Command } from '@codemirror/view';
import { EditorView, ViewPlugin, keymap } from '@codemirror/view';

import type { IDiagnostic, Magic } from '../kernel/protocol';
import { diagnostics } from './findings';

/** Asks the kernel of an editor's notebook what is wrong with its text; nothing, if there is none that knows. */
export type Check = (view: EditorView, magic: Magic, text: string) => Promise<IDiagnostic[]>;

/** Milliseconds without typing after which the kernel is asked. */
const DELAY = 300;

const again = StateEffect.define<null>();

/** Shows in editors what the kernel finds, and asks anew when that may have changed without the text. */
export class Diagnostics {
  constructor(private _check: Check) {}

  /** The extension for editors of cells that begin with a magic. */
  extension(magic: Magic): Extension {
    return [
      linter(view => this._find(view, magic), {
        delay: DELAY,
        hideOn: change => (change.docChanged ? null : false), // what one reads stays, though all is asked anew
        needsRefresh: update => update.transactions.some(one => one.effects.some(effect => effect.is(again)))
      }),
      lintGutter(),
      keymap.of([
        { key: 'F8', run: announced(nextDiagnostic) },
        { key: 'Shift-F8', run: announced(previousDiagnostic) }
      ]),
      ViewPlugin.define(view => {
        this._views.add(view);
        return { destroy: () => void this._views.delete(view) };
      })
    ];
  }

  /** Check all editors again. */
  refresh(): void {
    for (const view of this._views) {
      view.dispatch({ effects: again.of(null) });
    }
  }

  private async _find(view: EditorView, magic: Magic): Promise<Diagnostic[]> {
    const doc = view.state.doc;
    const findings = await this._check(view, magic, doc.toString());
    return diagnostics(findings, doc);
  }

  private _views = new Set<EditorView>();
}

/** A command that goes to a diagnostic, and then tells screen readers what it says. */
function announced(go: Command): Command {
  return view => {
    const moved = go(view);
    const { from, to } = view.state.selection.main;
    const messages: string[] = [];
    forEachDiagnostic(view.state, (diagnostic, start, end) => {
      if (start <= to && end >= from) {
        messages.push(diagnostic.message);
      }
    });
    view.dispatch({ effects: EditorView.announce.of(messages.join(' ')) });
    return moved;
  };
}
