import { expect, it } from 'vitest';

import { magicOf } from '../src/editor/magic';

it.each([
  ['%%kusciajob', 'kusciajob'],
  ['%%kusciajob --seed 7\nkind: KusciaJob', 'kusciajob'],
  ['%%bfia_submit\r\n{}', 'bfia_submit'],
  ['\n  \n%%kusciajob\n', 'kusciajob'],
  ['%%kusciajobs', null],
  ['# %%kusciajob', null],
  ['x = 1\n%%kusciajob', null],
  ['%%time\n%%kusciajob', null],
  ['', null]
])('finds the magic of %j', (source, magic) => expect(magicOf(source)).toBe(magic));
