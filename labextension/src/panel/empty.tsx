import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { PanelModel } from './model';

export interface IEmptyProps {
  model: PanelModel;
  trans: TranslationBundle;
  /** Open the tutorials. */
  learn(): void;
  /** Load the extension into the notebook's kernel. */
  load(): void;
  /** Open the form for a new job. */
  create(): void;
}

/** What to do next, where there is nothing to show. */
export function Empty({ model, trans, learn, load, create }: IEmptyProps): JSX.Element {
  switch (model.state) {
    case 'no notebook':
      return (
        <Advice text={trans.__('Open a notebook to see its nodes, jobs and tasks here.')}>
          <button className="jp-mod-styled" onClick={learn}>
            {trans.__('Kuscia Tutorials')}
          </button>
        </Advice>
      );
    case 'none':
      return <Advice text={trans.__('Waiting for the kernel of %1.', model.notebook)} />;
    case 'trying':
      return <Advice text={trans.__('Asking the kernel of %1.', model.notebook)} />;
    case 'absent':
      return (
        <Advice text={trans.__('%1 has not loaded kuscia_nb yet.', model.notebook)}>
          <button className="jp-mod-styled jp-mod-accept" onClick={load}>
            {trans.__('Load it')}
          </button>
          <p>{trans.__('This inserts and runs a cell with')}</p>
          <code>%load_ext kuscia_nb</code>
          <button className="jp-mod-styled jp-mod-minimal" onClick={() => model.retry()}>
            {trans.__('Ask again')}
          </button>
        </Advice>
      );
    case 'open':
      return model.isFiltered ? (
        <Advice text={trans.__('No job has “%1” in its name or phase.', model.filter)}>
          <button className="jp-mod-styled" onClick={() => (model.filter = '')}>
            {trans.__('Show all jobs')}
          </button>
        </Advice>
      ) : (
        <Advice text={trans.__('No job yet. Put a manifest into a cell below %1, or', '%%kusciajob')}>
          <button className="jp-mod-styled jp-mod-accept" onClick={create}>
            {trans.__('New job')}
          </button>
        </Advice>
      );
  }
}

function Advice({ text, children }: { text: string; children?: React.ReactNode }): JSX.Element {
  return (
    <div className="jp-kuscia-nb-Empty" role="status">
      <p>{text}</p>
      {children}
    </div>
  );
}
