import { nullTranslator } from '@jupyterlab/translation';
import { expect, it } from 'vitest';

import type { Entity, IStep } from '../src/kernel/protocol';
import { Drawing } from '../src/panel/drawing';
import { drawn, inWords, levels } from '../src/panel/graph';
import { entities, job, task } from './entities';

const step = (alias: string, ...after: string[]): IStep => ({ alias, operator: `runs_${alias}`, after });
const STEPS = [step('score', 'train', 'psi'), step('psi'), step('train', 'psi'), step('check', 'train')];
const four = { ...job, steps: STEPS };

it('puts a task below all that it waits for, in whatever order they stand', () => {
  expect(Object.fromEntries(levels(STEPS))).toEqual({ psi: 0, train: 1, score: 2, check: 2 });
});

it('comes to an end where tasks wait for each other', () => {
  expect(levels([step('one', 'two'), step('two', 'one'), step('three')])).toEqual(new Map([['three', 0]]));
});

it('knows of each task how it is on its node, and of one that has not begun that it waits', () => {
  const psi: Entity = { ...task, alias: 'psi', phase: 'Succeeded' };
  const elsewhere: Entity = { ...psi, node: 'bob', alias: 'train' };
  const tasks = drawn(four, new Map([...entities, ['alice/counting/1', psi], ['bob/counting/2', elsewhere]]));
  expect(inWords(tasks)).toBe('psi Succeeded → train Pending → score Pending, check Pending');
});

it('draws a box for each task and a line for each that it waits for, with words for who cannot see it', () => {
  const svg = Drawing({ tasks: drawn(four, entities), trans: nullTranslator.load('kuscia_nb') });
  const props = svg.props as { role: string; 'aria-label': string; children: [unknown[], unknown[]] };
  expect(props.children.map(part => part.length)).toEqual([4, 4]);
  expect(props.role).toBe('img');
  expect(props['aria-label']).toBe('Tasks: psi Pending → train Pending → score Pending, check Pending');
});
