import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../actions/ids';
import { kusciaIcon } from '../panel/icon';
import { Shelf, copyTutorials } from './tutorials';

/** The tutorials: a command, and a card in the launcher where there is one. */
export const tutorials: JupyterFrontEndPlugin<void> = {
  id: 'kuscia-nb:tutorials',
  description: 'Opens the tutorials, which are copied to where they can be changed.',
  autoStart: true,
  optional: [ILauncher, ITranslator],
  activate: (app: JupyterFrontEnd, launcher: ILauncher | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('kuscia_nb');
    const path = URLExt.join(PageConfig.getOption('fullLabextensionsUrl'), 'kuscia-nb', 'tutorials');
    const address = new URL(path, PageConfig.getBaseUrl()).href;
    const language = String(translator?.languageCode).startsWith('zh') ? 'zh' : 'en'; // unknown in 4.2 at first
    app.commands.addCommand(CommandIDs.tutorials, {
      label: trans.__('Kuscia Tutorials'),
      caption: trans.__('Copy the tutorials into a folder of yours, and open the first one'),
      icon: kusciaIcon,
      execute: async () => {
        try {
          const first = await copyTutorials(new Shelf(address), app.serviceManager.contents, language);
          return (await app.commands.execute('docmanager:open', { path: first })) as unknown;
        } catch (error) {
          return showErrorMessage(trans.__('The tutorials could not be opened'), error as Error);
        }
      }
    });
    launcher?.add({ command: CommandIDs.tutorials });
  }
};
