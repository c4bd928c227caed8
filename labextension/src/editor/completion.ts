import type { SourceChange } from '@jupyter/ydoc';
import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider,
  ICompletionProviderManager
} from '@jupyterlab/completer';
import type { Widget } from '@lumino/widgets';

import type { IOffer, Magic } from '../kernel/protocol';
import type { IPlace } from './columns';
import { placeAfter } from './columns';
import { completions } from './items';
import { magicOf } from './magic';

/** Asks a kernel what may be written at a place of a cell's text. */
export type Complete = (magic: Magic, text: string, place: IPlace) => Promise<IOffer>;

/** How to ask the kernel of a widget, or null while it cannot be asked. */
export type CompleteOf = (widget: Widget) => Complete | null;

/** Completes keys and values in cells that begin with a magic, by asking the kernel's models. */
export class MagicCompletions implements ICompletionProvider {
  constructor(private _completeOf: CompleteOf) {}

  readonly identifier = 'kuscia-nb:completions';
  readonly rank = 1000; // in front of JupyterLab's own

  /** Whether this provider has the say in a context. */
  applies(context: ICompletionContext): boolean {
    const text = context.editor?.model.sharedModel.getSource() ?? '';
    return magicOf(text) !== null && this._completeOf(context.widget) !== null;
  }

  async isApplicable(context: ICompletionContext): Promise<boolean> {
    return this.applies(context);
  }

  async fetch(
    request: CompletionHandler.IRequest,
    context: ICompletionContext
  ): Promise<CompletionHandler.ICompletionItemsReply> {
    const { text, offset } = request;
    const magic = magicOf(text);
    const complete = this._completeOf(context.widget);
    if (!magic || !complete) {
      return { start: offset, end: offset, items: [] };
    }
    return completions(await complete(magic, text, placeAfter(text, offset)), text, offset);
  }

  /** With auto-completion: offers come when a word or a quoted text is begun. */
  shouldShowContinuousHint(isVisible: boolean, changed: SourceChange): boolean {
    const deltas = changed.sourceChange ?? [];
    const inserted = deltas.map(delta => delta.insert ?? '').join('');
    const isDeletion = deltas.some(delta => delta.delete !== undefined);
    return !isVisible && !isDeletion && /^[\p{L}\p{N}_"]$/u.test(inserted);
  }
}

/** JupyterLab's manager has this, its interface does not. */
interface IProviders {
  getProviders?(): Map<string, ICompletionProvider>;
}

/**
 * Let only this provider offer something where it applies.
 *
 * The completer shows what all providers have, once the slowest has answered. Others have Python's names to offer here,
 * and the kernel's own comes to answer only after the running cell.
 */
export function register(provider: MagicCompletions, manager: ICompletionProviderManager & IProviders): void {
  manager.registerProvider(provider);
  const known = new Set<ICompletionProvider>([provider]);
  const quiet = (): void => {
    for (const other of manager.getProviders?.().values() ?? []) {
      if (!known.has(other)) {
        known.add(other);
        const applies = other.isApplicable.bind(other);
        other.isApplicable = async context => !provider.applies(context) && applies(context);
      }
    }
  };
  quiet();
  manager.activeProvidersChanged.connect(quiet);
}
