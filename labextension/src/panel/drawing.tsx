import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IDrawn } from './graph';
import { inWords } from './graph';
import { SIGNS } from './words';

const WIDTH = 260;
const BOX = 38;
const DOWN = 22;
const GAP = 8;
/** Pixels that a character takes at most, about. */
const CHARACTER = 6.6;

interface IBox {
  task: IDrawn;
  x: number;
  y: number;
  width: number;
}

/** The tasks of a job from top to bottom, with a line from each to those that wait for it. */
export function Drawing(props: { tasks: readonly IDrawn[]; trans: TranslationBundle }): JSX.Element {
  const { tasks, trans } = props;
  const placed = boxes(tasks);
  const height = Math.max(...placed.map(box => box.y)) + BOX + 1;
  const byAlias = new Map(placed.map(box => [box.task.alias, box]));
  return (
    <svg
      className="jp-kuscia-nb-Drawing"
      role="img"
      aria-label={trans.__('Tasks: %1', inWords(tasks))}
      viewBox={`0 0 ${WIDTH} ${height}`}
    >
      {placed.flatMap(box =>
        box.task.after.map(alias => (
          <path key={`${alias} ${box.task.alias}`} d={line(byAlias.get(alias) ?? box, box)} />
        ))
      )}
      {placed.map(({ task, x, y, width }) => (
        <g key={task.alias} data-phase={task.phase}>
          <title>{`${task.alias}: ${task.operator}, ${task.phase}`}</title>
          <rect x={x} y={y} width={width} height={BOX} rx={3} />
          <text className="jp-kuscia-nb-Drawing-sign" x={x + 6} y={y + 16}>
            {SIGNS[task.phase]}
          </text>
          <text className="jp-kuscia-nb-Drawing-alias" x={x + 20} y={y + 16}>
            {cut(task.alias, width - 24)}
          </text>
          <text x={x + 20} y={y + 31}>
            {cut(task.operator, width - 24)}
          </text>
        </g>
      ))}
    </svg>
  );
}

function boxes(tasks: readonly IDrawn[]): IBox[] {
  return tasks.map(task => {
    const line = tasks.filter(one => one.level === task.level);
    const width = Math.min(150, (WIDTH - 2 - GAP * (line.length - 1)) / line.length);
    const left = (WIDTH - line.length * width - GAP * (line.length - 1)) / 2;
    return {
      task,
      x: left + line.indexOf(task) * (width + GAP),
      y: 1 + task.level * (BOX + DOWN),
      width
    };
  });
}

/** A curve with a head. */
function line(from: IBox, to: IBox): string {
  const [x, y, right, down] = [from.x + from.width / 2, from.y + BOX, to.x + to.width / 2, to.y];
  const middle = (y + down) / 2;
  return `M${x} ${y}C${x} ${middle} ${right} ${middle} ${right} ${down}m-4 -6l4 6l4 -6`;
}

function cut(text: string, pixels: number): string {
  const room = Math.max(1, Math.floor(pixels / CHARACTER));
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}
