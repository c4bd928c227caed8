import type { Kernel } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { Connection } from '../src/kernel/connection';
import type { FromKernel, IRequest } from '../src/kernel/protocol';
import { refusal, results, snapshot } from './told';

/** The ends of a comm that a kernel would have. */
class FakeComm {
  isDisposed = false;
  subshellId: string | null = null;
  sent: IRequest[] = [];
  opened = 0;
  closed = 0;
  onMsg: (message: unknown) => void = () => undefined;
  onClose: () => void = () => undefined;

  open(): void {
    this.opened++;
  }

  send(data: IRequest): void {
    this.sent.push(data);
  }

  close(): void {
    this.closed++;
    this.isDisposed = true;
  }

  /** What the kernel says. */
  tell(data: FromKernel): void {
    this.onMsg({ content: { data } });
  }
}

function connected(): {
  connection: Connection;
  comm: FakeComm;
  comms: FakeComm[];
  kernel: Kernel.IKernelConnection;
} {
  const comms: FakeComm[] = [];
  const kernel = {
    connectionStatus: 'connected',
    info: Promise.resolve({}),
    supportsSubshells: false,
    createComm: () => {
      comms.push(new FakeComm());
      return comms[comms.length - 1];
    }
  } as unknown as Kernel.IKernelConnection;
  const connection = new Connection(nullTranslator.load(''));
  connection.open(kernel);
  comms[0].tell(snapshot);
  return { connection, comm: comms[0], comms, kernel };
}

describe('a connection', () => {
  it('opens one comm with a kernel, however often it is asked', () => {
    const { connection, comms, kernel } = connected();
    connection.open(kernel);
    expect(comms.length).toBe(1);
    expect(connection.state).toBe('open');
    expect([...connection.store.entities.keys()]).toEqual(Object.keys(snapshot.entities));
  });

  it('asks for a snapshot when it has missed a delta', () => {
    const { comm } = connected();
    comm.tell({ type: 'delta', version: 3, entities: {}, removed: [] });
    expect(comm.sent).toEqual([{ id: 1, method: 'snapshot', params: {} }]);
  });

  it('gives each answer to its question, and refusals as errors', async () => {
    const { connection, comm } = connected();
    const first = connection.request('delete', { job: 'counting' });
    const second = connection.request('files', { node: 'bob' });
    const [{ id: one }, { id: two }] = comm.sent;
    comm.tell({ type: 'reply', id: two, result: results.files });
    comm.tell({ ...refusal, id: one });
    await expect(second).resolves.toEqual([{ name: 'perfect_logit_b.csv', bytes: 949_955 }]);
    await expect(first).rejects.toThrow('there is no job counting\n→ one of: done, stopped');
    await expect(first).rejects.toHaveProperty('name', 'JobError');
  });

  it('says that the extension is absent when the kernel closes the comm, and leaves no question open', async () => {
    const { connection, comm } = connected();
    const asked = connection.request('stop', { job: 'counting' });
    comm.onClose();
    await expect(asked).rejects.toThrow('closed');
    expect(connection.state).toBe('absent');
    expect(connection.store.entities.size).toBe(0);
    await expect(connection.request('stop', { job: 'counting' })).rejects.toThrow('not connected');
  });

  it('is deaf while a cell runs, unless the comm is on a subshell', () => {
    const { connection, comm } = connected();
    expect(connection.deafSince).toBeNull();
    connection.noteStatus('busy');
    expect(connection.deafSince).not.toBeNull();
    comm.subshellId = 'a';
    expect(connection.deafSince).toBeNull();
  });

  it('leaves nothing behind: its comm is closed, and nobody is told any more', () => {
    const { connection, comm } = connected();
    const told: string[] = [];
    connection.stateChanged.connect((_, state) => told.push(state));
    connection.store.changed.connect(() => told.push('store'));
    connection.dispose();
    expect(comm.closed).toBe(1);
    told.length = 0;
    comm.tell(snapshot);
    connection.dispose();
    expect(told).toEqual([]);
    expect(connection.store.entities.size).toBe(0);
    expect(comm.closed).toBe(1);
  });
});
