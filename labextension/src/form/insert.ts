import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';

/** Put a code cell with this text below a notebook's active cell, make it the active one, and perhaps run it. */
export async function insertCell(panel: NotebookPanel, text: string, run: boolean): Promise<void> {
  const notebook = panel.content;
  NotebookActions.insertBelow(notebook);
  NotebookActions.changeCellType(notebook, 'code');
  notebook.activeCell?.model.sharedModel.setSource(text);
  await notebook.scrollToItem(notebook.activeCellIndex);
  if (run) {
    await NotebookActions.run(notebook, panel.sessionContext);
  }
}
