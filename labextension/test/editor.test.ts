import { Text } from '@codemirror/state';
import { expect, it } from 'vitest';

import { diagnostics } from '../src/editor/findings';
import { completions } from '../src/editor/items';
import { results } from './told';

const CELL = ['%%kusciajob', 'kind: KusciaJob', 'spec:', '  init'];

it('marks what the kernel has found, by its line and columns', () => {
  const [found] = diagnostics(results.check, Text.of(CELL));
  expect(CELL.join('\n').slice(found.from, found.to)).toBe('kind');
  expect([found.severity, found.message]).toEqual([
    'error',
    'apiVersion not set. apiVersion: kuscia.secretflow/v1alpha1'
  ]);
  expect(diagnostics(results.check, Text.of(CELL.slice(0, 1)))).toEqual([]); // the text is newer
});

it('counts characters as the kernel does, not units', () => {
  const [finding] = results.check;
  const [found] = diagnostics([{ ...finding, column: 3, end_column: 4 }], Text.of(['%%kusciajob', '🦜: x']));
  expect([found.from, found.to]).toEqual(['%%kusciajob\n🦜:'.length, '%%kusciajob\n🦜: '.length]);
});

it('offers what the kernel does, in the place of what is typed', () => {
  const text = CELL.join('\n');
  const { start, end, items } = completions(results.complete, text, text.length);
  expect([text.slice(start, end), items]).toEqual([
    'init',
    [
      {
        label: 'initiator',
        insertText: 'initiator: ',
        type: 'string',
        documentation: 'string, required\nthe domain (node) that schedules the job'
      }
    ]
  ]);
});
