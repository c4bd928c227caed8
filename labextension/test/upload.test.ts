import { expect, it } from 'vitest';

import type { Ask } from '../src/kernel/upload';
import { putFile } from '../src/kernel/upload';

it.each([0, 5, 3 * 2 ** 20, 7_000_001])(
  'sends a file of %i bytes in parts that fit into a message',
  async size => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
    const parts: { begin: number; more: boolean; content: Buffer }[] = [];
    const ask = (async (method: string, { begin, more, content }: Record<string, unknown>) => {
      expect(method).toBe('put');
      parts.push({
        begin: begin as number,
        more: more === true,
        content: Buffer.from(content as string, 'base64')
      });
      return Promise.resolve(parts.length);
    }) as unknown as Ask;
    expect(await putFile(ask, 'bob', new File([bytes], 'own.csv'))).toBe(parts.length);
    expect(Buffer.concat(parts.map(part => part.content)).equals(Buffer.from(bytes))).toBe(true);
    expect(Math.max(...parts.map(part => part.content.length))).toBeLessThanOrEqual(3 * 2 ** 20);
    expect(parts.map(part => part.more)).toEqual(parts.map((_, index) => index < parts.length - 1));
    expect(parts.map(part => part.begin)).toEqual(parts.map((_, index) => index * 3 * 2 ** 20));
  }
);
