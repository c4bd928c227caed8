import type { Entity, IJob, IStep, Phase } from '../kernel/protocol';

/** A task in the drawing of its job. */
export interface IDrawn extends IStep {
  phase: Phase;
  /** How many tasks have to come before, at least: its line in the drawing, from 0. */
  level: number;
}

/** The tasks of a job with their phases on its node; those that have not begun are pending. */
export function drawn(job: IJob, entities: ReadonlyMap<string, Entity>): IDrawn[] {
  const phases = new Map<string, Phase>();
  for (const entity of entities.values()) {
    if (entity.kind === 'task' && entity.node === job.node && entity.job === job.name) {
      phases.set(entity.alias, entity.phase);
    }
  }
  const level = levels(job.steps);
  return job.steps.map(step => ({
    ...step,
    phase: phases.get(step.alias) ?? 'Pending',
    level: level.get(step.alias) ?? 0
  }));
}

/** The level of each task: one more than the last of those that it waits for. */
export function levels(steps: readonly IStep[]): Map<string, number> {
  const found = new Map<string, number>();
  let left = [...steps];
  while (left.length > 0) {
    const ready = left.filter(({ after }) => after.every(alias => found.has(alias)));
    if (ready.length === 0) {
      break; // a circle, which no job that was taken has
    }
    for (const { alias, after } of ready) {
      found.set(alias, Math.max(-1, ...after.map(one => found.get(one)!)) + 1);
    }
    left = left.filter(({ alias }) => !found.has(alias));
  }
  return found;
}

/** The same in words: psi_1 → ss_lr_1 → ss_lr_predict_1, ss_lr_evaluate_1. */
export function inWords(tasks: readonly IDrawn[]): string {
  const lines: string[][] = [];
  for (const { alias, phase, level } of tasks) {
    (lines[level] ??= []).push(`${alias} ${phase}`);
  }
  return lines.map(line => line.join(', ')).join(' → ');
}
