import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar, TextItem } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import React from 'react';

import { CommandIDs } from '../actions/ids';
import type { PanelModel } from '../panel/model';
import { IPanelModel } from '../panel/token';

/** How many jobs run, in the status bar; it is there while the notebook's kernel tells something. */
export const status: JupyterFrontEndPlugin<void> = {
  id: 'kuscia-nb:status',
  description: 'Shows in the status bar how many jobs run.',
  autoStart: true,
  requires: [IPanelModel],
  optional: [IStatusBar, ITranslator], // Notebook 7 has no status bar
  activate: (
    app: JupyterFrontEnd,
    model: IPanelModel,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('kuscia_nb');
    const item = new RunningJobs(model, trans, () => void app.commands.execute(CommandIDs.open));
    bar?.registerStatusItem(status.id, {
      item,
      align: 'left',
      rank: 900,
      isActive: () => model.state === 'open',
      activeStateChanged: model.stateChanged
    });
  }
};

class RunningJobs extends VDomRenderer<PanelModel> {
  constructor(
    model: PanelModel,
    private _trans: TranslationBundle,
    private _open: () => void
  ) {
    super(model);
    this.addClass('jp-mod-highlighted');
  }

  protected render(): JSX.Element {
    const text = this._trans._n('%1 job running', '%1 jobs running', this.model.running);
    return (
      <TextItem
        role="button"
        tabIndex={0}
        source={`Kuscia: ${text}`}
        title={this._trans.__('Show Kuscia Panel')}
        onClick={this._open}
        onKeyDown={event => (event.key === 'Enter' || event.key === ' ') && this._open()}
      />
    );
  }
}
