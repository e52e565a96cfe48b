/**
 * Tests by file: those that failed first, then what runs, then the rest.
 */
import type { ICaseFailure } from './events';

const BAD: ReadonlySet<string> = new Set(['failed', 'error', 'not-run']);

/**
 * One test. `key` is its id, `file` what stands before the first `::` of that
 * and `name` what stands behind, "" of what is no test but a file that could not be
 * read; `path` and `line` (from 1, 0 where unknown) are where it is written. While it
 * runs, its verdict is `running`.
 */
export interface ICase {
  readonly key: string;
  readonly file: string;
  readonly name: string;
  readonly verdict: string;
  readonly seconds: number;
  readonly message: string;
  readonly path: string;
  readonly line: number;
  readonly attempts: number;
  readonly failure: ICaseFailure | null;
}

/** The tests of a file: what failed first, then what runs, then the rest; `size` of them, `counts` by verdict. */
export interface IShelf {
  readonly file: string;
  readonly size: number;
  readonly isBad: boolean;
  readonly counts: Readonly<ICounts>;
  cases(): readonly ICase[];
}

export interface ICounts {
  [verdict: string]: number;
}

/** Whether a test did not pass where it should have. */
export function isBad(item: ICase): boolean {
  return BAD.has(item.verdict);
}

export class Group implements IShelf {
  constructor(readonly file: string) {}

  get size(): number {
    return this.bad.size + this._open.size + this._rest.size;
  }

  get isBad(): boolean {
    return this.bad.size > 0;
  }

  put(item: ICase): void {
    this._of(item).add(item);
    this.counts[item.verdict] = (this.counts[item.verdict] ?? 0) + 1;
    this._cases = null;
  }

  drop(item: ICase): void {
    this._of(item).delete(item);
    this.counts[item.verdict] -= 1;
    this._cases = null;
  }

  cases(): readonly ICase[] {
    return (this._cases ??= [...this.bad, ...this._open, ...this._rest]);
  }

  readonly counts: ICounts = {};
  readonly bad = new Set<ICase>();

  private _of(item: ICase): Set<ICase> {
    return isBad(item) ? this.bad : item.verdict === 'running' ? this._open : this._rest;
  }

  private _open = new Set<ICase>();
  private _rest = new Set<ICase>();
  private _cases: readonly ICase[] | null = null;
}

/** Return these tests as a shelf. */
export function shelfOf(file: string, cases: readonly ICase[]): IShelf {
  const counts: ICounts = {};
  for (const { verdict } of cases) {
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return { file, size: cases.length, isBad: cases.some(isBad), counts, cases: () => cases };
}
