import { InputDialog, Notification } from '@jupyterlab/apputils';
import { fileUploadIcon, spreadsheetIcon } from '@jupyterlab/ui-components';

import { putFile } from '../kernel/upload';
import { showPreview } from '../shell/preview';
import type { IContext } from './context';
import { ask, complain } from './context';
import { CommandIDs } from './ids';

/** Put a CSV file of this computer onto a node; look at one that is there. */
export function addDataCommands(context: IContext): void {
  const { app, connections, model, trans } = context;

  app.commands.addCommand(CommandIDs.upload, {
    label: trans.__('Upload CSV File to Node…'),
    caption: trans.__('Copy a file of this computer into the data folder of a node'),
    icon: fileUploadIcon,
    isEnabled: () => model.state === 'open',
    execute: async args => {
      const node =
        (args.node as string | undefined) ?? (await chosenNode(context, trans.__('Onto which node?')));
      const file = node && (await chosenFile());
      if (!node || !file) {
        return;
      }
      const { current } = connections;
      if (!current) {
        return;
      }
      try {
        const put = await putFile((method, params) => current.request(method, params), node, file);
        const { name, rows, columns } = put;
        Notification.success(trans.__('%1 has %2: %3 rows, %4 columns', node, name, rows, columns), {
          autoClose: 5000
        });
      } catch (error) {
        complain(error);
      }
    }
  });

  app.commands.addCommand(CommandIDs.preview, {
    label: trans.__('Preview Data File…'),
    caption: trans.__('Show the first rows of a file in the data folder of a node'),
    icon: spreadsheetIcon,
    isEnabled: () => model.state === 'open',
    execute: async args => {
      const { current, notebook } = connections;
      const node =
        (args.node as string | undefined) ?? (await chosenNode(context, trans.__('Of which node?')));
      const name = node && ((args.name as string | undefined) ?? (await chosenName(context, node)));
      const found = node && name && (await ask(current, 'preview', { node, name }));
      if (node && name && found && notebook) {
        showPreview(context, notebook, node, name, found);
      }
    }
  });
}

/** One of a node's data files; the one that there is, without a question. */
async function chosenName({ connections, trans }: IContext, node: string): Promise<string | null> {
  const files = await ask(connections.current, 'files', { node });
  const names = files?.map(file => file.name) ?? [];
  if (names.length < 2) {
    return names[0] ?? null;
  }
  const answer = await InputDialog.getItem({ title: trans.__('Which file of %1?', node), items: names });
  return answer.button.accept ? answer.value : null;
}

/** The selected row's node, or the one that is chosen from all. */
async function chosenNode({ connections, model }: IContext, title: string): Promise<string | null> {
  const item = model.row?.item;
  if (item?.kind === 'node') {
    return item.name;
  }
  const entities = [...(connections.current?.store.entities.values() ?? [])];
  const nodes = entities.filter(entity => entity.kind === 'node').map(entity => entity.name);
  const answer = await InputDialog.getItem({
    title,
    items: nodes.length > 0 ? nodes : ['alice', 'bob'],
    current: Math.max(nodes.indexOf(model.job?.node ?? ''), 0)
  });
  return answer.button.accept ? answer.value : null;
}

function chosenFile(): Promise<File | undefined> {
  return new Promise(resolve => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = '.csv,text/csv';
    input.onchange = () => resolve(input.files?.[0]);
    input.oncancel = () => resolve(undefined);
    input.click();
  });
}
