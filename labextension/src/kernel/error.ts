import type { IFault } from './protocol';

/** An error that the kernel has answered with. */
export class KernelError extends Error {
  constructor(readonly fault: IFault) {
    super([fault.message, fault.where, fault.hint && `→ ${fault.hint}`].filter(Boolean).join('\n'));
    this.name = fault.title;
  }
}
