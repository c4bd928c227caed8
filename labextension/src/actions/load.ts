import { insertCell } from '../form/insert';
import type { IContext } from './context';
import { CommandIDs } from './ids';

const LOAD = '%load_ext kuscia_nb';

/** Load the extension into the followed notebook's kernel, by a cell that stays in the notebook. */
export function addLoadCommand({ app, connections, trans }: IContext): void {
  app.commands.addCommand(CommandIDs.load, {
    label: trans.__('Load kuscia_nb into the Notebook'),
    caption: trans.__('Insert and run a cell with %1', LOAD),
    isEnabled: () => connections.notebook !== null && connections.current?.state !== 'open',
    execute: async () => {
      if (connections.notebook) {
        await insertCell(connections.notebook, LOAD, true);
      }
    }
  });
}
