import type { CompletionHandler } from '@jupyterlab/completer';

import { placeAfter } from './columns';

/** What the kernel offers at a place of a cell. */
export interface IOffer {
  /** The column from which on the text up to the cursor is replaced, from 1. */
  from: number;
  items: IOfferedItem[];
}

interface IOfferedItem {
  label: string;
  insert: string;
  kind: 'key' | 'value';
  detail: string;
  info: string;
}

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
function sharedQuote(typed: string, items: IOfferedItem[]): string {
  const quote = QUOTE.exec(typed)?.[0] ?? '';
  return items.every(item => item.insert.startsWith(quote)) ? quote : '';
}
