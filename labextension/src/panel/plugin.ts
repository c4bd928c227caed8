import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../actions/ids';
import { IConnections } from '../kernel/token';
import { kusciaIcon } from './icon';
import { PanelModel } from './model';
import { IPanelModel } from './token';
import { Panel } from './widget';

const ID = 'kuscia-nb-panel';
const RANK = 600;

/** The side panel with nodes, jobs and tasks. */
export const panel: JupyterFrontEndPlugin<IPanelModel> = {
  id: 'kuscia-nb:panel',
  description: 'Shows the nodes, jobs and tasks of the active notebook in a side panel.',
  autoStart: true,
  requires: [IConnections],
  optional: [ILayoutRestorer, ISettingRegistry, IStateDB, ITranslator],
  provides: IPanelModel,
  activate: (
    app: JupyterFrontEnd,
    connections: IConnections,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('kuscia_nb');
    const model = new PanelModel(connections, state);
    const widget = new Panel(model, app.commands, trans);
    widget.id = ID;
    widget.title.icon = kusciaIcon;
    widget.title.caption = trans.__('Kuscia');
    widget.node.setAttribute('role', 'region');
    widget.node.setAttribute('aria-label', trans.__('Kuscia'));
    app.shell.add(widget, 'left', { rank: RANK });
    restorer?.add(widget, ID);
    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Show Kuscia Panel'),
      caption: trans.__('Show the nodes, jobs and tasks of the active notebook'),
      icon: kusciaIcon,
      execute: () => app.shell.activateById(ID)
    });
    // JupyterLab puts the panel where it was when the page was left; the settings have the last word.
    void Promise.all([settings?.load(panel.id), app.restored]).then(([loaded]) => {
      const place = () => {
        const side = loaded?.get('side').composite === 'right' ? 'right' : 'left';
        if (side !== placed) {
          placed = side;
          const { isVisible } = widget;
          app.shell.add(widget, side, { rank: RANK });
          if (isVisible) {
            app.shell.activateById(ID);
          }
        }
      };
      let placed = 'left';
      loaded?.changed.connect(place);
      place();
    });
    return model;
  }
};
