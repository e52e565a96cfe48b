/**
 * What a key means in a tree, as people know it from trees elsewhere (WAI-ARIA's
 * pattern): arrows, Home and End, a page up or down, Enter, and the first letters of a name.
 */
import type { Rows } from './rows';

const PAGE = 11;
const TYPED_MS = 700;

/** Go to a row, open or close the one that is active, or use it; null: it means nothing here. */
export type Move = { to: number } | { open: boolean } | 'use' | 'stay' | null;

export function moveOf(key: string, rows: Rows, at: number, typed: Typed): Move {
  const steps: { [key: string]: number } = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + PAGE,
    PageUp: at - PAGE,
    Home: 0,
    End: rows.count - 1
  };
  if (key in steps) {
    return { to: Math.max(0, Math.min(steps[key], rows.count - 1)) };
  }
  const row = rows.at(at);
  if (key === 'ArrowRight') {
    return row.kind === 'case' ? 'stay' : row.isOpen ? { to: at + 1 } : { open: true };
  }
  if (key === 'ArrowLeft') {
    if (row.kind === 'file') {
      return row.isOpen ? { open: false } : 'stay';
    }
    return row.parent ? { to: rows.indexOf(row.parent) } : 'stay';
  }
  if (key === 'Enter' || key === ' ') {
    return 'use';
  }
  if (key.length !== 1) {
    return null;
  }
  const to = startingWith(rows, typed.add(key), at);
  return to < 0 ? 'stay' : { to };
}

/** The letters that were typed one soon after the other. */
export class Typed {
  add(letter: string): string {
    const now = Date.now();
    this._text = now - this._at < TYPED_MS ? this._text + letter : letter;
    this._at = now;
    return this._text;
  }

  private _text = '';
  private _at = 0;
}

/** The next row whose name starts with what was typed, or -1; `test_` may be left out. */
function startingWith(rows: Rows, typed: string, from: number): number {
  const text = typed.toLowerCase();
  const skipped = text.length > 1 ? 0 : 1; // more letters may still mean the same row
  for (let step = skipped; step <= rows.count; step++) {
    const index = (from + step) % rows.count;
    const row = rows.at(index);
    const name = (row.kind === 'file' ? row.shelf.file : row.item.name).toLowerCase();
    if (name.startsWith(text) || name.replace(/^test_?/, '').startsWith(text)) {
      return index;
    }
  }
  return -1;
}
