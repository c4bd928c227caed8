import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, spreadsheetIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IPreview } from '../kernel/protocol';
import { showBeside } from './beside';

interface IPlace {
  app: JupyterFrontEnd;
  labShell: ILabShell | null;
  trans: TranslationBundle;
}

/** Show the beginning of a node's data file beside a notebook. */
export function showPreview(
  { app, labShell, trans }: IPlace,
  notebook: NotebookPanel,
  node: string,
  name: string,
  preview: IPreview
): void {
  const content = ReactWidget.create(<Preview {...{ node, name, preview, trans }} />);
  content.addClass('jp-kuscia-nb-DataPreview');
  const widget = new MainAreaWidget({ content });
  widget.id = `kuscia-nb-data-${notebook.id}-${node}-${name}`;
  widget.title.label = trans.__('%1 on %2', name, node);
  widget.title.icon = spreadsheetIcon;
  showBeside(app, labShell, notebook, widget);
}

/** A table with the first rows, below the names and types of the columns. */
function Preview(props: {
  node: string;
  name: string;
  preview: IPreview;
  trans: TranslationBundle;
}): JSX.Element {
  const { node, name, preview, trans } = props;
  const { columns, rows, read, whole } = preview;
  const counted = whole
    ? trans._n('%1 row', '%1 rows', read)
    : trans.__('more than %1 rows; types are those of the first %1', read);
  const label = trans.__('The first rows of %1', name);
  return (
    <>
      <p>{trans.__('%1: %2, %3. Only this node has it.', node, counted, columnsOf(columns.length, trans))}</p>
      <div role="region" aria-label={label} tabIndex={0} className="jp-RenderedHTMLCommon">
        <table>
          <thead>
            <tr>
              {columns.map((column, index) => (
                <th key={index} scope="col">
                  {column.name}
                  <span className="jp-kuscia-nb-DataPreview-type">{typeOf(column, trans)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {row.map((text, place) => (
                  <td key={place}>{text}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function columnsOf(count: number, trans: TranslationBundle): string {
  return trans._n('%1 column', '%1 columns', count);
}

function typeOf({ type, missing }: IPreview['columns'][number], trans: TranslationBundle): string {
  const named = {
    'whole number': trans.__('whole number'),
    number: trans.__('number'),
    text: trans.__('text'),
    empty: trans.__('empty')
  }[type];
  return missing > 0 && type !== 'empty' ? trans.__('%1, %2 missing', named, missing) : named;
}
