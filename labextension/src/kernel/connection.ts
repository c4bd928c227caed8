import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';
import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Method, Params, Result } from './ask';
import { KernelError } from './error';
import type { FromKernel, IRequest } from './protocol';
import { TARGET } from './protocol';
import { Store } from './store';

/**
 * none     there is no kernel, or it is not ready
 * trying   the kernel was asked
 * absent   the kernel has not loaded the extension of this name
 * open     the kernel tells what happens
 */
export type State = 'none' | 'trying' | 'absent' | 'open';

/** A comm of JupyterLab 4.4 and newer. */
interface ISubshellComm {
  subshellId?: string | null;
  subshellStarted?: Promise<void>;
}

/** The comm with one kernel at a time. */
export class Connection implements IDisposable {
  constructor(private _trans: TranslationBundle) {}

  /** What the kernel has told. */
  readonly store = new Store();

  get state(): State {
    return this._state;
  }

  get stateChanged(): ISignal<this, State> {
    return this._stateChanged;
  }

  /**
   * Since when the kernel hears nothing, because a cell runs; null while it hears.
   *
   * This needs a kernel without subshells, as ipykernel 6, or a JupyterLab before 4.4.
   */
  get deafSince(): number | null {
    const comm = this._comm as ISubshellComm | null;
    return comm && !comm.subshellId ? this._busySince : null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Take note of whether the kernel is at work. */
  noteStatus(status: Kernel.Status): void {
    this._busySince = status === 'busy' ? (this._busySince ?? Date.now()) : null;
  }

  /** Ask this kernel, unless it was asked already. */
  open(kernel: Kernel.IKernelConnection): void {
    if (this._comm && !this._comm.isDisposed && this._kernel === kernel) {
      return;
    }
    this.close();
    this._kernel = kernel;
    const comm = kernel.createComm(TARGET);
    this._comm = comm;
    comm.onMsg = message => this._receive(comm, message.content.data as unknown as FromKernel);
    comm.onClose = () => {
      if (comm === this._comm) {
        this._end('absent');
      }
    };
    this._become('trying');
    void this._start(kernel, comm);
  }

  /** Ask the kernel for something; rejects with a KernelError if it refuses, or an Error if it is gone. */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const comm = this._comm;
    if (!comm || comm.isDisposed || this._state !== 'open') {
      throw new Error(this._trans.__('The kernel is not connected.'));
    }
    const id = ++this._last;
    const reply = new PromiseDelegate<unknown>();
    this._pending.set(id, reply);
    send(comm, { id, method, params });
    return (await reply.promise) as Result<M>;
  }

  /** Forget the kernel. */
  close(): void {
    const comm = this._comm;
    this._end('none');
    if (comm && !comm.isDisposed && this._kernel?.connectionStatus === 'connected') {
      comm.close();
    }
    this._kernel = null;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this.close();
      this._isDisposed = true;
      Signal.clearData(this);
      Signal.clearData(this.store);
    }
  }

  /** Open a comm on a subshell, where the kernel has them: it then hears the panel while a cell runs. */
  private async _start(kernel: Kernel.IKernelConnection, comm: Kernel.IComm): Promise<void> {
    await kernel.info;
    const isWanted = String(kernel.commsOverSubshells) !== 'disabled'; // a setting of JupyterLab
    if (kernel.supportsSubshells && isWanted) {
      await (comm as ISubshellComm).subshellStarted;
    }
    if (comm === this._comm && !comm.isDisposed) {
      comm.open();
    }
  }

  private _receive(comm: Kernel.IComm, message: FromKernel): void {
    if (comm !== this._comm) {
      return;
    }
    if (message.type === 'reply') {
      const waiting = this._pending.get(message.id);
      this._pending.delete(message.id);
      if ('error' in message) {
        waiting?.reject(new KernelError(message.error));
      } else {
        waiting?.resolve(message.result);
      }
    } else if (this.store.take(message)) {
      this._become('open');
    } else {
      send(comm, { id: ++this._last, method: 'snapshot', params: {} });
    }
  }

  private _end(state: State): void {
    this._comm = null;
    for (const waiting of this._pending.values()) {
      waiting.reject(new Error(this._trans.__('The kernel has closed the connection.')));
    }
    this._pending.clear();
    this._become(state);
    this.store.clear();
  }

  private _become(state: State): void {
    if (state !== this._state) {
      this._state = state;
      this._stateChanged.emit(state);
    }
  }

  private _kernel: Kernel.IKernelConnection | null = null;
  private _comm: Kernel.IComm | null = null;
  private _state: State = 'none';
  private _busySince: number | null = null;
  private _last = 0;
  private _pending = new Map<number, PromiseDelegate<unknown>>();
  private _stateChanged = new Signal<this, State>(this);
  private _isDisposed = false;
}

function send(comm: Kernel.IComm, request: IRequest): void {
  comm.send(request as unknown as JSONObject);
}
