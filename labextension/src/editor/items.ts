import type { CompletionHandler } from '@jupyterlab/completer';

import type { IItem, IOffer } from '../kernel/protocol';
import { placeAfter } from './columns';

const QUOTE = /^\\?["']/;

/**
 * An offer as JupyterLab's completer takes it.
 *
 * @param text - the cell's text
 * @param offset - how many of its characters are before the cursor
 */
export function completions(
  offer: IOffer,
  text: string,
  offset: number
): CompletionHandler.ICompletionItemsReply {
  const start = offset - (placeAfter(text, offset).column - offer.from);
  const typed = [...text].slice(start, offset).join('');
  const kept = sharedQuote(typed, offer.items);
  return {
    start: start + kept.length,
    end: offset,
    items: offer.items.map(item => ({
      label: item.label,
      insertText: item.insert.slice(kept.length),
      type: item.detail.split(',')[0] || item.kind,
      documentation: [item.detail, item.info].filter(Boolean).join('\n')
    }))
  };
}

/**
 * The quote that is typed already, if all items begin with it: it stays, because the completer compares labels, which
 * have none, with the text that is replaced.
 */
function sharedQuote(typed: string, items: IItem[]): string {
  const quote = QUOTE.exec(typed)?.[0] ?? '';
  return items.every(item => item.insert.startsWith(quote)) ? quote : '';
}
