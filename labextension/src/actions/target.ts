import type { IContext } from './context';

/** What an action is about: the arguments of its command, or else what is selected in the panel. */
export interface ITarget {
  node: string;
  job: string;
  task?: string;
}

export function target({ model, connections }: IContext, args: Partial<ITarget>): ITarget | null {
  if (args.job) {
    const job = [...(connections.current?.store.entities.values() ?? [])].find(
      one => one.kind === 'job' && one.name === args.job
    );
    const node = args.node ?? (job?.kind === 'job' ? job.initiator : '');
    return { node, job: args.job, task: args.task };
  }
  const item = model.row?.item;
  if (!item || !model.job) {
    return null;
  }
  const task = item.kind === 'task' ? item.name : item.kind === 'party' ? item.task : undefined;
  return { node: model.job.node, job: model.job.name, task };
}
