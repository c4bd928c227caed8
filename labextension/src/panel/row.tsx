import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon, stopIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IRow, Item } from './rows';
import { SIGNS, facts, heading, parts, title, what } from './words';

interface IRowProps {
  id: string;
  row: IRow;
  /** Pixels from the top of the tree. */
  top: number;
  selected: boolean;
  now: number;
  trans: TranslationBundle;
  select(): void;
  toggle(): void;
  stop(): void;
}

/** One line of the tree. */
export function Row(props: IRowProps): JSX.Element {
  const { id, row, top, selected, now, trans, select, toggle, stop } = props;
  const { item, level, expanded } = row;
  const name = title(item);
  const [short, aside] = heading(item);
  const shown = parts(item, now, trans);
  const more = shown.join('');
  const why = item.kind === 'job' || item.kind === 'task' ? item.message : '';
  const Caret = expanded ? caretDownIcon : caretRightIcon;
  return (
    <div
      id={id}
      className={`jp-kuscia-nb-Row${selected ? ' jp-mod-selected' : ''}`}
      role="treeitem"
      aria-level={level}
      aria-setsize={row.siblings}
      aria-posinset={row.position}
      aria-expanded={expanded ?? undefined}
      aria-selected={selected}
      aria-label={[`${what(item, trans)} ${name}`, more, why].filter(Boolean).join(', ')}
      title={[name, more, ...facts(item, trans)].filter(Boolean).join('\n')}
      style={{ top, paddingLeft: 4 + 14 * (level - 1) }}
      onClick={select}
      onDoubleClick={toggle}
      onContextMenu={select}
    >
      <span className="jp-kuscia-nb-Caret" onClick={expanded === null ? undefined : toggle}>
        {expanded !== null && <Caret.react tag="span" />}
      </span>
      <span className="jp-kuscia-nb-Sign" data-phase={phaseOf(item)} aria-hidden="true">
        {signOf(item)}
      </span>
      <span className="jp-kuscia-nb-Name">{short}</span>
      <span className="jp-kuscia-nb-Details">
        {aside && <span className="jp-kuscia-nb-Aside">{aside}</span>}
        <span className="jp-kuscia-nb-Parts">
          {shown.map((part, index) => (
            <span key={index}>{part}</span>
          ))}
        </span>
      </span>
      {item.kind === 'job' && (item.phase === 'Running' || item.phase === 'Pending') && (
        <button
          className="jp-kuscia-nb-Stop"
          tabIndex={-1}
          title={trans.__('Stop %1 on both nodes', name)}
          aria-label={trans.__('Stop %1 on both nodes', name)}
          onClick={stop}
        >
          <stopIcon.react tag="span" />
        </button>
      )}
    </div>
  );
}

function signOf(item: Item): string {
  switch (item.kind) {
    case 'node':
      return '◆';
    case 'ttp':
      return '◇';
    case 'condition':
      return item.status === 'True' ? '✓' : item.status === 'False' ? '✗' : '?';
    default:
      return SIGNS[item.phase];
  }
}

function phaseOf(item: Item): string {
  return 'phase' in item ? item.phase : '';
}
