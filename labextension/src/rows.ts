/**
 * The tests as rows of a tree: a row a file and, where that is open, a row a
 * test. Nothing is laid out: a row is found by its number, and a number by its key.
 */
import type { ICase, IShelf } from './cases';

/** A row; `key` is the same as long as it is the same thing. `number` counts from 1 among its `many` brothers. */
export type IRow = { key: string; number: number; many: number } & (
  | { kind: 'file'; shelf: IShelf; isOpen: boolean }
  | { kind: 'case'; item: ICase; parent: string }
);

export class Rows {
  /** A shelf without a file is shown as its tests alone. */
  constructor(
    private readonly _shelves: readonly IShelf[],
    isOpen: (shelf: IShelf) => boolean
  ) {
    let count = 0;
    for (const shelf of _shelves) {
      this._starts.push(count);
      const opened = shelf.file === '' || isOpen(shelf);
      this._isOpen.push(opened);
      count += (shelf.file === '' ? 0 : 1) + (opened ? shelf.size : 0);
      this.cases += shelf.size;
    }
    this.count = count;
  }

  /** How many rows there are, and how many tests, seen or not. */
  readonly count: number;
  readonly cases: number = 0;

  at(index: number): IRow {
    const place = this._shelfAt(index);
    const shelf = this._shelves[place];
    const behind = index - this._starts[place];
    if (shelf.file !== '' && behind === 0) {
      const isOpen = this._isOpen[place];
      return { kind: 'file', key: fileKey(shelf.file), shelf, isOpen, number: place + 1, many: this._shelves.length };
    }
    const at = behind - (shelf.file === '' ? 0 : 1);
    const item = shelf.cases()[at];
    const parent = shelf.file === '' ? '' : fileKey(shelf.file);
    return { kind: 'case', key: caseKey(item.key), item, parent, number: at + 1, many: shelf.size };
  }

  /** Return the number of the row with this key, or -1. */
  indexOf(key: string): number {
    const id = key.slice(1);
    for (const [place, shelf] of this._shelves.entries()) {
      if (key === fileKey(shelf.file) && shelf.file !== '') {
        return this._starts[place];
      }
      if (key === caseKey(id) && this._isOpen[place] && (shelf.file === '' || isWithin(id, shelf))) {
        const at = shelf.cases().findIndex(item => item.key === id);
        if (at >= 0) {
          return this._starts[place] + (shelf.file === '' ? 0 : 1) + at;
        }
      }
    }
    return -1;
  }

  /** The last shelf that starts at the row or before it. */
  private _shelfAt(index: number): number {
    let [low, high] = [0, this._starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this._starts[middle] <= index) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private _starts: number[] = [];
  private _isOpen: boolean[] = [];
}

export function fileKey(file: string): string {
  return `/${file}`;
}

export function caseKey(id: string): string {
  return `=${id}`;
}

/** An id without a file in it can be on any shelf. */
function isWithin(id: string, shelf: IShelf): boolean {
  return !id.includes('::') || id.startsWith(`${shelf.file}::`);
}
