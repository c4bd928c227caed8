import type { Ask } from './ask';
import type { IPutFile } from './protocol';

/** Bytes of a file in one message: Jupyter's server closes the connection at one of 10 MiB, and base64 adds a third. */
const PART = 3 * 2 ** 20;

/** Put a file of this computer onto a node, in parts. */
export async function putFile(ask: Ask, node: string, file: File): Promise<IPutFile> {
  const { name, size } = file;
  let begin = 0;
  for (; begin + PART < size; begin += PART) {
    const content = await base64(file.slice(begin, begin + PART));
    await ask('put', { node, name, content, begin, more: true });
  }
  const table = await ask('put', { node, name, content: await base64(file.slice(begin)), begin });
  return table!; // nothing is said of the parts before the last one alone
}

async function base64(part: Blob): Promise<string> {
  const bytes = new Uint8Array(await part.arrayBuffer());
  const texts: string[] = [];
  for (let begin = 0; begin < bytes.length; begin += 0x8000) {
    texts.push(String.fromCharCode(...bytes.subarray(begin, begin + 0x8000))); // not all: they are arguments
  }
  return btoa(texts.join(''));
}
