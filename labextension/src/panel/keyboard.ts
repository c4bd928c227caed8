import type { IRow } from './rows';
import { parentOf } from './rows';

/** What a key does to a tree: which row is selected then, and which one is opened or closed. */
export interface IStroke {
  select?: string;
  toggle?: string;
}

const PAGE = 10;

/**
 * What a key does in a tree (WAI-ARIA Authoring Practices, tree view).
 *
 * @returns null if the key means nothing here
 */
export function stroke(key: string, rows: readonly IRow[], selected: string | null): IStroke | null {
  const index = rows.findIndex(row => row.id === selected);
  const row = rows[index];
  const at = (place: number): IStroke => {
    const target = rows[Math.min(Math.max(place, 0), rows.length - 1)];
    return target ? { select: target.id } : {};
  };
  switch (key) {
    case 'ArrowDown':
      return at(index + 1);
    case 'ArrowUp':
      return at(index < 0 ? 0 : index - 1);
    case 'PageDown':
      return at(index + PAGE);
    case 'PageUp':
      return at(index - PAGE);
    case 'Home':
      return at(0);
    case 'End':
      return at(rows.length - 1);
    case 'ArrowRight':
      return row?.expanded === false
        ? { toggle: row.id }
        : row?.expanded && isParent(rows, index)
          ? at(index + 1)
          : {};
    case 'ArrowLeft':
      return row?.expanded ? { toggle: row.id } : toParent(row);
    case 'Enter':
    case ' ':
      return row && row.expanded !== null ? { toggle: row.id } : {};
    default:
      return null;
  }
}

function isParent(rows: readonly IRow[], index: number): boolean {
  return rows[index + 1]?.level === rows[index].level + 1;
}

function toParent(row: IRow | undefined): IStroke {
  const parent = row && parentOf(row.id);
  return parent ? { select: parent } : {};
}
