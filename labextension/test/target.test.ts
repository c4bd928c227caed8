import { expect, it } from 'vitest';

import { target } from '../src/actions/target';
import { entities, job } from './entities';

/** What an action is about, with this row selected. */
function selected(id: string) {
  const model = { row: { item: entities.get(id)! }, job: id.startsWith('alice/') ? job : null };
  return target({ model, connections: { current: null } } as never, {});
}

it.each([
  ['alice', null],
  ['alice/counting', { node: 'alice', job: 'counting' }],
  ['alice/counting/task-1', { node: 'alice', job: 'counting', task: 'task-1' }],
  ['alice/counting/task-1/host.0', { node: 'alice', job: 'counting', task: 'task-1' }]
])('an action with %s selected is about %j', (id, about) => {
  expect(selected(id)).toEqual(about);
});

it('an action that is given a job is about that of its initiator', () => {
  const connections = { current: { store: { entities } } };
  expect(target({ model: {}, connections } as never, { job: 'done' })).toEqual({
    node: 'alice',
    job: 'done'
  });
});
