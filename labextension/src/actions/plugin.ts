import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { RankedMenu } from '@jupyterlab/ui-components';

import { IConnections } from '../kernel/token';
import { IPanelModel } from '../panel/token';
import { addDataCommands } from './data';
import { CommandIDs } from './ids';
import { addJobCommands } from './jobs';
import { addLoadCommand } from './load';
import { addShowCommands } from './show';

const TREE = '.jp-kuscia-nb-Tree';
/** What can be done with the selected row, in the order of the context menu. */
const OF_A_ROW = [
  CommandIDs.stop,
  CommandIDs.result,
  CommandIDs.trace,
  CommandIDs.log,
  CommandIDs.manifest,
  CommandIDs.line,
  CommandIDs.remove
];
const OF_A_NODE = [CommandIDs.upload, CommandIDs.preview];
const OTHERS = [CommandIDs.open, CommandIDs.load, CommandIDs.newJob, ...OF_A_NODE, CommandIDs.tutorials];

/** What can be done with nodes and jobs: commands, in the context menu of the panel, the palette and a menu. */
export const actions: JupyterFrontEndPlugin<void> = {
  id: 'kuscia-nb:actions',
  description: 'Commands for nodes and jobs.',
  autoStart: true,
  requires: [IConnections, IPanelModel, IEditorServices],
  optional: [ILabShell, ICommandPalette, IMainMenu, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    connections: IConnections,
    model: IPanelModel,
    editors: IEditorServices,
    labShell: ILabShell | null,
    palette: ICommandPalette | null,
    menu: IMainMenu | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('kuscia_nb');
    const context = { app, labShell, connections, model, trans };
    addLoadCommand(context);
    addJobCommands(context);
    addShowCommands(context, editors);
    addDataCommands(context);
    const all = [...OF_A_ROW, ...OTHERS];
    model.stateChanged.connect(() =>
      all.filter(id => app.commands.hasCommand(id)).forEach(id => app.commands.notifyCommandChanged(id))
    );

    [...OF_A_ROW, ...OF_A_NODE].forEach((command, rank) =>
      app.contextMenu.addItem({ command, selector: TREE, rank })
    );
    for (const command of all) {
      palette?.addItem({ command, category: trans.__('Kuscia') });
    }
    if (menu) {
      const kuscia = new RankedMenu({ commands: app.commands });
      kuscia.id = 'jp-mainmenu-kuscia-nb';
      kuscia.title.label = trans.__('Kuscia');
      kuscia.addGroup(OTHERS.map(command => ({ command })));
      kuscia.addGroup(OF_A_ROW.map(command => ({ command })));
      menu.addMenu(kuscia, false, { rank: 800 });
    }
  }
};
