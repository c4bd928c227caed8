import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { stroke } from './keyboard';
import type { PanelModel } from './model';
import { Row } from './row';
import type { IRow } from './rows';

/** Pixels; the style sheet has the same number. */
const ROW_HEIGHT = 24;
/** Rows that are drawn above and below those in view. */
const MARGIN = 8;

interface ITreeProps {
  model: PanelModel;
  now: number;
  trans: TranslationBundle;
  /** Stop a job, from its row. */
  stop(row: IRow): void;
  /** The key that asks for deletion. */
  remove(): void;
}

/**
 * The tree of nodes, jobs, tasks and parties. Only what is in view is in the page, so that a thousand jobs scroll well.
 *
 * The tree has the keyboard's focus as a whole, and names the selected row to screen readers.
 */
export function Tree({ model, now, trans, stop, remove }: ITreeProps): JSX.Element {
  const frame = React.useRef<HTMLDivElement>(null);
  const [view, setView] = React.useState({ top: 0, height: 600 });
  const rows = model.rows;

  React.useLayoutEffect(() => {
    const element = frame.current!;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const select = (id: string) => {
    model.selected = id;
    reveal(
      frame.current!,
      rows.findIndex(row => row.id === id)
    );
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === 'Delete') {
      remove();
    } else {
      const meant = stroke(event.key, rows, model.selected);
      if (!meant) {
        return;
      }
      if (meant.select) {
        select(meant.select);
      }
      if (meant.toggle) {
        model.toggle(meant.toggle);
      }
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const first = Math.max(0, Math.floor(view.top / ROW_HEIGHT) - MARGIN);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_HEIGHT) + MARGIN);
  return (
    <div
      ref={frame}
      className="jp-kuscia-nb-Tree"
      role="tree"
      aria-label={trans.__('Nodes, jobs and tasks')}
      aria-activedescendant={model.row ? domId(model.row.id) : undefined}
      tabIndex={0}
      onScroll={event =>
        setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
      }
      onKeyDown={onKeyDown}
      onFocus={() => !model.row && rows.length > 0 && select(rows[0].id)}
    >
      <div role="presentation" style={{ height: rows.length * ROW_HEIGHT, position: 'relative' }}>
        {rows.slice(first, last).map((row, index) => (
          <Row
            key={row.id}
            id={domId(row.id)}
            row={row}
            top={(first + index) * ROW_HEIGHT}
            selected={row.id === model.selected}
            now={now}
            trans={trans}
            select={() => select(row.id)}
            toggle={() => model.toggle(row.id)}
            stop={() => stop(row)}
          />
        ))}
      </div>
    </div>
  );
}

function domId(id: string): string {
  return `jp-kuscia-nb-row-${id.replace(/[^\w-]/g, '_')}`;
}

/** Scroll so far that a row is in view. */
function reveal(frame: HTMLElement, index: number): void {
  const top = index * ROW_HEIGHT;
  if (top < frame.scrollTop) {
    frame.scrollTop = top;
  } else if (top + ROW_HEIGHT > frame.scrollTop + frame.clientHeight) {
    frame.scrollTop = top + ROW_HEIGHT - frame.clientHeight;
  }
}
