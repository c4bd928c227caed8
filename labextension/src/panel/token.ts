import { Token } from '@lumino/coreutils';

import type { PanelModel } from './model';

/** What the side panel shows. */
export const IPanelModel = new Token<PanelModel>(
  'kuscia-nb:IPanelModel',
  'What the side panel of Kuscia shows.'
);
export type IPanelModel = PanelModel;
