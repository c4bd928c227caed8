import type { Params } from './protocol';

/** Asks a kernel. */
export type Ask = <T>(method: string, params: Params) => Promise<T>;

/** What a kernel says of a file that it has put onto a node. */
export interface IPut {
  name: string;
  bytes: number;
  rows: number;
  columns: number;
}

/** Bytes of a file in one message: Jupyter's server closes the connection at one of 10 MiB, and base64 adds a third. */
const PART = 3 * 2 ** 20;

/** Put a file of this computer onto a node, in parts. */
export async function putFile(ask: Ask, node: string, file: File): Promise<IPut> {
  const { name, size } = file;
  let begin = 0;
  for (; begin + PART < size; begin += PART) {
    const content = await base64(file.slice(begin, begin + PART));
    await ask('put', { node, name, content, begin, more: true });
  }
  return ask<IPut>('put', { node, name, content: await base64(file.slice(begin)), begin });
}

async function base64(part: Blob): Promise<string> {
  const bytes = new Uint8Array(await part.arrayBuffer());
  const texts: string[] = [];
  for (let begin = 0; begin < bytes.length; begin += 0x8000) {
    texts.push(String.fromCharCode(...bytes.subarray(begin, begin + 0x8000))); // not all: they are arguments
  }
  return btoa(texts.join(''));
}
