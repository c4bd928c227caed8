import { expect, it } from 'vitest';

import type { Ask, Params } from '../src/kernel/ask';
import { putFile } from '../src/kernel/upload';
import { results } from './told';

it.each([0, 5, 3 * 2 ** 20, 7_000_001])(
  'sends a file of %i bytes in parts that fit into a message',
  async size => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
    const parts: { begin: number; more: boolean; content: Buffer }[] = [];
    const ask = (async (method, params) => {
      expect(method).toBe('put');
      const { node, name, content, begin, more } = params as Params<'put'>;
      expect([node, name]).toEqual(['bob', 'own.csv']);
      parts.push({ begin: begin!, more: more === true, content: Buffer.from(content, 'base64') });
      return more ? null : results.put;
    }) as Ask;
    expect(await putFile(ask, 'bob', new File([bytes], 'own.csv'))).toEqual(results.put);
    expect(Buffer.concat(parts.map(part => part.content)).equals(Buffer.from(bytes))).toBe(true);
    expect(Math.max(...parts.map(part => part.content.length))).toBeLessThanOrEqual(3 * 2 ** 20);
    expect(parts.map(part => part.more)).toEqual(parts.map((_, index) => index < parts.length - 1));
    expect(parts.map(part => part.begin)).toEqual(parts.map((_, index) => index * 3 * 2 ** 20));
  }
);
