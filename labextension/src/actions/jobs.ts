import { Clipboard, Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { copyIcon, deleteIcon, stopIcon } from '@jupyterlab/ui-components';

import type { IContext } from './context';
import { ask } from './context';
import { CommandIDs } from './ids';
import { target } from './target';

/** Stop, delete, and the kubectl line. */
export function addJobCommands(context: IContext): void {
  const { app, connections, model, trans } = context;
  const isRunning = () => model.job?.phase === 'Running' || model.job?.phase === 'Pending';

  app.commands.addCommand(CommandIDs.stop, {
    label: trans.__('Stop Job'),
    caption: trans.__('Stop the selected job on both nodes'),
    icon: stopIcon,
    isEnabled: args => Boolean(args.job) || isRunning(),
    execute: async args => {
      const job = target(context, args)?.job;
      if (job) {
        await ask(connections.current, 'stop', { job });
      }
    }
  });

  app.commands.addCommand(CommandIDs.remove, {
    label: trans.__('Delete Job…'),
    caption: trans.__('Delete the selected job on both nodes'),
    icon: deleteIcon,
    isEnabled: args => Boolean(args.job) || model.job !== null,
    execute: async args => {
      const job = target(context, args)?.job;
      if (job && (await isSure(context, job))) {
        await ask(connections.current, 'delete', { job });
      }
    }
  });

  app.commands.addCommand(CommandIDs.line, {
    label: trans.__('Copy kubectl Line'),
    caption: trans.__('Copy the line that asks a node for what is selected'),
    icon: copyIcon,
    isEnabled: () => model.job !== null,
    execute: async args => {
      const about = target(context, args);
      const found = about && (await ask(connections.current, 'line', about));
      if (found) {
        Clipboard.copyToSystem(found.line);
        Notification.info(trans.__('Copied: %1', found.line), { autoClose: 5000 });
      }
    }
  });
}

async function isSure({ trans }: IContext, job: string): Promise<boolean> {
  const answer = await showDialog({
    title: trans.__('Delete %1?', job),
    body: trans.__('It is stopped if it runs, and deleted on both nodes. Its result files stay.'),
    defaultButton: 0, // as JupyterLab does where something is deleted
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ]
  });
  return answer.button.accept;
}
