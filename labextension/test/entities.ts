import type { Entity, IJob, INode, IParty, ITask, ITtp } from '../src/kernel/protocol';
import { snapshot } from './told';

/** The entities that a kernel has told of, by their ids. */
export const entities = new Map<string, Entity>(Object.entries(snapshot.entities));

export const node = entities.get('alice') as INode;
export const ttp = entities.get('ttp') as ITtp;
/** It runs. */
export const job = entities.get('alice/counting') as IJob;
export const stopped = entities.get('alice/stopped') as IJob;
export const task = entities.get('alice/counting/task-1') as ITask;
/** It runs, too. */
export const party = entities.get('alice/counting/task-1/host.0') as IParty;
