import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Drawing } from './drawing';
import type { IDrawn } from './graph';
import type { Item } from './rows';
import { details, facts, title, what } from './words';

/**
 * All that there is to say of the selected item, below the tree: its line is cut where the panel is narrow. A job of
 * several tasks is drawn.
 */
export function Selected(props: {
  item: Item;
  /** The tasks of the job that the item is or belongs to. */
  tasks: readonly IDrawn[];
  now: number;
  trans: TranslationBundle;
}): JSX.Element {
  const { item, tasks, now, trans } = props;
  const lines = [details(item, now, trans), ...facts(item, trans)].filter(Boolean);
  return (
    <div className="jp-kuscia-nb-Selected">
      <div>{`${what(item, trans)} ${title(item)}`}</div>
      {lines.map(line => (
        <div key={line}>{line}</div>
      ))}
      {tasks.length > 1 && <Drawing tasks={tasks} trans={trans} />}
    </div>
  );
}
