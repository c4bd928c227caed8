import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

/** What is shown beside notebooks, the latest last. */
let shown: Widget[] = [];

/**
 * Show a widget beside a notebook: in JupyterLab as a tab of the column to the right of it, which all of them share, in
 * Notebook 7, whose main area is the notebook's alone, in the area on the right. One that has its id goes.
 */
export function showBeside(
  app: JupyterFrontEnd,
  labShell: ILabShell | null,
  notebook: NotebookPanel,
  widget: Widget
): void {
  const same = shown.find(one => one.id === widget.id);
  widget.title.closable = true;
  widget.addClass('jp-kuscia-nb-Beside');
  if (labShell) {
    const last = shown[shown.length - 1];
    app.shell.add(
      widget,
      'main',
      last ? { mode: 'tab-after', ref: last.id } : { mode: 'split-right', ref: notebook.id }
    );
  } else {
    app.shell.add(widget, 'right');
  }
  shown.push(widget);
  widget.disposed.connect(() => {
    shown = shown.filter(one => one !== widget);
  });
  same?.dispose();
  app.shell.activateById(widget.id);
}
