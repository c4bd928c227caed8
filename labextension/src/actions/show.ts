import { MainAreaWidget } from '@jupyterlab/apputils';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import { CodeEditor, CodeEditorWrapper } from '@jupyterlab/codeeditor';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { Kernel } from '@jupyterlab/services';
import { fileIcon, listIcon, tableRowsIcon, textEditorIcon } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

import { MIME_TYPES } from '../editor/language';
import { insertCell } from '../form/insert';
import { showBeside } from '../shell/beside';
import type { IContext } from './context';
import { ask, complain } from './context';
import { CommandIDs } from './ids';
import type { ITarget } from './target';
import { target } from './target';

const PLAIN = 'text/plain';

/** Show a job's object, a task's log, a result, a trace. */
export function addShowCommands(context: IContext, editors: IEditorServices): void {
  const { app, labShell, connections, model, trans } = context;

  /** A text in a tab beside the notebook. */
  const show = (id: string, label: string, text: string | undefined, mimeType: string): void => {
    const { notebook } = connections;
    if (text !== undefined && notebook) {
      const widget = new MainAreaWidget({ content: readOnly(editors, text, mimeType) });
      widget.id = `kuscia-nb-${id}-${notebook.id}`;
      widget.title.label = label;
      widget.title.icon = fileIcon;
      showBeside(app, labShell, notebook, widget);
    }
  };

  app.commands.addCommand(CommandIDs.log, {
    label: trans.__('Show Log'),
    caption: trans.__('Show what the selected task has logged on its node'),
    icon: textEditorIcon,
    isEnabled: args => Boolean(args.task) || Boolean(target(context, {})?.task),
    execute: async args => {
      const { node, job, task } = target(context, args) ?? {};
      if (node && job && task) {
        const found = await ask(connections.current, 'log', { node, job, task });
        show(`log-${node}-${task}`, trans.__('Log of %1 on %2', task, node), found?.text, PLAIN);
      }
    }
  });

  app.commands.addCommand(CommandIDs.manifest, {
    label: trans.__('Show YAML'),
    caption: trans.__('Show the selected job as its node has it'),
    icon: fileIcon,
    isEnabled: () => model.job !== null,
    execute: async args => {
      const about = target(context, args);
      const { node, job } = about ?? { node: '', job: '' };
      const found = about && (await ask(connections.current, 'yaml', { node, job }));
      show(`yaml-${node}-${job}`, trans.__('%1 on %2', job, node), found?.text, MIME_TYPES.kusciajob);
    }
  });

  app.commands.addCommand(CommandIDs.result, {
    label: trans.__('Show Result'),
    caption: trans.__('Insert and run a cell with the shares and weights of the selected job'),
    icon: tableRowsIcon,
    isEnabled: () => model.job?.phase === 'Succeeded',
    execute: async args => {
      const source = await code(context, args, 'result');
      if (source && connections.notebook) {
        await insertCell(connections.notebook, source, true);
      }
    }
  });

  app.commands.addCommand(CommandIDs.trace, {
    label: trans.__('Open Trace'),
    caption: trans.__('Step through the messages of the selected job'),
    icon: listIcon,
    isEnabled: () => model.job !== null && model.job.trace !== 'off',
    execute: async args => {
      const about = target(context, args);
      const source = await code(context, args, 'trace');
      const notebook = connections.notebook;
      if (!about || !source || !notebook) {
        return;
      }
      const content = new SimplifiedOutputArea({
        model: new OutputAreaModel({ trusted: true }),
        rendermime: notebook.content.rendermime // the notebook's own knows its kernel's widgets
      });
      content.addClass('jp-kuscia-nb-Trace');
      const widget = new MainAreaWidget({ content });
      widget.id = `kuscia-nb-trace-${notebook.id}-${about.job}`;
      widget.title.label = trans.__('Trace of %1', about.job);
      widget.title.icon = listIcon;
      widget.disposed.connect(() => content.model.dispose());
      const reading = new Widget();
      reading.addClass('jp-kuscia-nb-Reading');
      reading.node.setAttribute('role', 'status');
      reading.node.textContent = trans.__('Reading the trace of %1…', about.job);
      widget.contentHeader.addWidget(reading);
      content.outputLengthChanged.connect((_, length) => length > 0 && reading.dispose());
      showBeside(app, labShell, notebook, widget);
      const kernel = notebook.sessionContext.session?.kernel;
      if (kernel) {
        execute(kernel, source, content).catch(complain);
      }
    }
  });
}

/** Run code that shows something. A cell that fails before it aborts what waits behind it, which is asked again. */
async function execute(
  kernel: Kernel.IKernelConnection,
  code: string,
  area: SimplifiedOutputArea
): Promise<void> {
  let status = 'aborted';
  while (status === 'aborted') {
    area.future = kernel.requestExecute({ code, store_history: false, stop_on_error: false });
    status = (await area.future.done)?.content.status ?? '';
  }
}

/** The code of a cell that shows something of a job. */
async function code(
  context: IContext,
  args: Partial<ITarget>,
  what: 'result' | 'trace'
): Promise<string | undefined> {
  const job = target(context, args)?.job;
  const { current } = context.connections;
  return job ? (await ask(current, 'source', { job, what }))?.source : undefined;
}

function readOnly(editors: IEditorServices, text: string, mimeType: string): CodeEditorWrapper {
  const model = new CodeEditor.Model({ mimeType });
  model.sharedModel.setSource(text);
  const wrapper = new CodeEditorWrapper({
    model,
    factory: editors.factoryService.newDocumentEditor,
    editorOptions: { config: { readOnly: true, lineNumbers: true, lineWrap: true } }
  });
  if (wrapper.editor instanceof CodeMirrorEditor) {
    wrapper.editor.host.setAttribute('aria-readonly', 'true');
  }
  wrapper.disposed.connect(() => model.dispose());
  return wrapper;
}
