import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJob, ITask, Phase } from '../kernel/protocol';
import type { Item } from './rows';

/** A shape for each phase, so that it is told by more than a colour. */
export const SIGNS: Record<Phase, string> = { Pending: '○', Running: '▶', Succeeded: '✔', Failed: '✖' };

/** How long ago something was, as kubectl says it. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) {
    return `${seconds}s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) {
    return `${minutes}m`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** Bytes in a unit in which they are short. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const number = bytes / 2 ** (10 * unit);
  return `${unit ? number.toPrecision(3) : number} ${units[unit]}`;
}

/** What stands behind the name of an item, in parts: the later ones give way first where there is no room. */
export function parts(item: Item, now: number, trans: TranslationBundle): string[] {
  const and = (text: string): string => trans.__('%1, %2', '', text);
  switch (item.kind) {
    case 'node': {
      const jobs = trans._n('%1 job', '%1 jobs', item.jobs);
      return item.running ? [jobs, and(trans.__('%1 running', item.running))] : [jobs];
    }
    case 'ttp':
      return [trans._n('%1 request', '%1 requests', item.requests), and(size(item.bytes))];
    case 'job':
      return [phase(item), ` ${age(now - item.started)}`];
    case 'task':
      return [phase(item)];
    case 'party': {
      const { epoch, epochs, batch, batches } = item;
      if (item.phase !== 'Running' || !epochs || !batches) {
        return [item.phase];
      }
      const steps = [trans.__('epoch %1/%2', epoch, epochs), trans.__('batch %1/%2', batch, batches)];
      const [first, second] = epochs > 1 ? steps : steps.reverse(); // a single epoch tells nothing
      return [first, and(second)];
    }
    case 'condition':
      return [
        [item.status === 'True' ? '' : item.status, item.message || item.reason].filter(Boolean).join(' ')
      ];
  }
}

/** All of the parts. */
export function details(item: Item, now: number, trans: TranslationBundle): string {
  return parts(item, now, trans).join('');
}

/** What else there is to say of an item, in lines; its row has no room for it. */
export function facts(item: Item, trans: TranslationBundle): string[] {
  switch (item.kind) {
    case 'node':
      return item.url ? [item.url] : [];
    case 'job': {
      const messages = trans._n(
        '%2 message',
        '%2 messages',
        item.messages,
        item.messages.toLocaleString('en')
      );
      return [item.message, trans.__('%1, %2', messages, size(item.bytes))].filter(Boolean);
    }
    case 'task':
      return [item.name, item.message].filter(Boolean);
    case 'condition':
      return [item.message && item.reason, new Date(item.time).toTimeString().slice(0, 8)].filter(Boolean);
    default:
      return [];
  }
}

/** The name of an item, and what is added to it where there is room. */
export function heading(item: Item): [name: string, aside: string] {
  switch (item.kind) {
    case 'task':
      return [item.alias, ''];
    case 'party':
      return [item.domain, `(${item.name})`];
    case 'condition':
      return [item.type, ''];
    default:
      return [item.name, ''];
  }
}

/** The whole name of an item. */
export function title(item: Item): string {
  return heading(item).filter(Boolean).join(' ');
}

/** What an item is, for a screen reader. */
export function what(item: Item, trans: TranslationBundle): string {
  return {
    node: trans.__('node'),
    ttp: trans.__('trusted third party'),
    job: trans.__('job'),
    task: trans.__('task'),
    party: trans.__('party'),
    condition: trans.__('condition')
  }[item.kind];
}

function phase(item: IJob | ITask): string {
  return item.phase === 'Running' ? `${item.phase} ${Math.floor(100 * item.progress)} %` : item.phase;
}
