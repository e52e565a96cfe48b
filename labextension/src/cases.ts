/**
 * The tests of one run as a fold over its events: how many ended how, by file,
 * those that failed first, and what they failed by.
 *
 * An event takes the same time however many tests there are; what is drawn is
 * put together when it is drawn. Knows neither the page nor the network.
 */
import type { Event, ICaseCause } from './events';
import { Group, isBad, shelfOf, type ICase, type ICounts, type IShelf } from './shelves';

export { isBad };
export type { ICase, ICounts, IShelf };

/** From here on a test is a slow one, in seconds: a person notices that they wait for it. */
export const SLOW_SECONDS = 0.3;

export type Filter = 'all' | 'failed' | 'flaky' | 'slow';

/** Which tests a person wants to see: those that fit all of it. `cause` is that of a `CausesFound`, or "". */
export interface IWanted {
  filter: Filter;
  text: string;
  cause: string;
}

/** How far it has got: `done` of `total` (0: nobody knows); `number` counts the times tests were collected, from 1. */
export interface IRound {
  readonly number: number;
  readonly total: number;
  readonly done: number;
  /** What earlier runs of them took, in seconds, 0 where nobody knows. */
  readonly expected: number;
  /** When it began: UTC, milliseconds since 1970. */
  readonly started: number;
}

export type CaseEvent = Event & {
  kind: 'CasesCollected' | 'CaseStarted' | 'CaseFinished' | 'CasesCounted' | 'CausesFound';
};

export class Cases {
  /** Another number whenever anything is another. */
  get version(): number {
    return this._version;
  }

  get isEmpty(): boolean {
    return this._round.total === 0 && this._all.size === 0;
  }

  /** How many are known, and of these how many failed (or had an error, or did not run). */
  get size(): number {
    return this._all.size;
  }

  get bad(): number {
    return this._bad;
  }

  get slow(): number {
    return this._slow.size;
  }

  get flaky(): number {
    return this._flaky.size;
  }

  get counts(): Readonly<ICounts> {
    return this._counts;
  }

  /** How all of them ended, where that was told: with those that never began, of which none is told. */
  get inAll(): Readonly<ICounts> | null {
    return this._inAll;
  }

  get round(): IRound {
    return this._round;
  }

  /** The id of a test that runs, of those that take a while, or "". */
  get running(): string {
    return this._running.values().next().value ?? '';
  }

  /** What the failures have in common, the most frequent first; `failed` counts all of them. */
  get found(): { readonly failed: number; readonly causes: readonly ICaseCause[] } {
    return this._found;
  }

  get(key: string): ICase | undefined {
    return this._all.get(key);
  }

  /** Return the tests that failed by a cause, as many as are known by name. */
  of(cause: ICaseCause): readonly ICase[] {
    const known = this._byCause.get(cause.cause);
    if (known && known.size > 0) {
      return Array.from(known);
    }
    return cause.nodeids.map(key => this._all.get(key)).filter((item): item is ICase => item !== undefined);
  }

  /** Take an event that came at `at`, in UTC milliseconds since 1970. */
  take(event: CaseEvent, at: number): void {
    this._version += 1;
    switch (event.kind) {
      case 'CasesCollected':
        return this._collect(event.count, event.seconds, at);
      case 'CaseStarted':
        return this._start(event.nodeid);
      case 'CaseFinished':
        return this._finish(caseOf(event));
      case 'CasesCounted':
        this._inAll = event.counts;
        return;
      case 'CausesFound':
        this._found = { failed: event.failed, causes: event.causes };
    }
  }

  /**
   * Return what is wanted, file by file, those with failures first. What is slow
   * comes as one shelf without a file, the slowest first.
   */
  chosen({ filter, text, cause }: IWanted): readonly IShelf[] {
    const like = likeOf(text);
    const byCause = cause ? this._ofCause(cause) : null;
    if (filter === 'slow') {
      const found = Array.from(this._slow).filter(item => like(item) && (!byCause || byCause.has(item.key)));
      return found.length ? [shelfOf('', found.sort((a, b) => b.seconds - a.seconds))] : [];
    }
    const groups = [...this._badGroups, ...[...this._groups.values()].filter(group => group.bad.size === 0)];
    if (filter === 'all' && !text && !byCause) {
      return groups;
    }
    const from = (group: Group) => (filter === 'failed' || byCause ? Array.from(group.bad) : group.cases());
    const isIt = (item: ICase) =>
      like(item) && (filter !== 'flaky' || this._flaky.has(item)) && (!byCause || byCause.has(item.key));
    const some = filter === 'failed' || byCause ? groups.slice(0, this._badGroups.size) : groups;
    return some.map(group => shelfOf(group.file, from(group).filter(isIt))).filter(shelf => shelf.size > 0);
  }

  private _ofCause(id: string): Set<string> {
    const cause = this._found.causes.find(item => item.cause === id);
    return new Set(cause ? this.of(cause).map(item => item.key) : []);
  }

  private _collect(count: number, seconds: number, at: number): void {
    const { number, total, done, expected, started } = this._round;
    // What comes when all are done is a round of its own: after healing some run again. Else it is another part of them.
    const isNew = done >= total;
    this._inAll = null;
    this._round = {
      number: isNew ? number + 1 : number,
      total: isNew ? count : total + count,
      done: isNew && number > 0 ? 0 : done,
      expected: isNew ? seconds : expected + seconds,
      started: isNew ? at : started
    };
  }

  private _start(key: string): void {
    this._running.add(key);
    if (!this._all.has(key)) {
      const [file, name] = partsOf(key, '');
      const begun = { verdict: 'running', seconds: 0, message: '', path: '', line: 0, attempts: 1, failure: null };
      this._put({ key, file, name, ...begun });
    }
  }

  private _finish(item: ICase): void {
    this._running.delete(item.key);
    const unread = item.name ? this._all.get(item.file) : undefined;
    if (unread && !unread.name) {
      this._drop(unread); // by now its file could be read
    }
    const before = this._all.get(item.key);
    if (before) {
      this._drop(before);
    }
    this._put(item);
    const { total, done } = this._round;
    if (item.failure?.phase !== 'collect') {
      this._round = { ...this._round, done: total ? Math.min(total, done + 1) : done + 1 };
    }
  }

  private _put(item: ICase): void {
    this._all.set(item.key, item);
    this._counts[item.verdict] = (this._counts[item.verdict] ?? 0) + 1;
    let group = this._groups.get(item.file);
    if (!group) {
      this._groups.set(item.file, (group = new Group(item.file)));
    }
    group.put(item);
    if (isBad(item)) {
      this._bad += 1;
      this._badGroups.add(group);
      const cause = item.failure?.cause;
      if (cause) {
        this._byCause.set(cause, (this._byCause.get(cause) ?? new Set()).add(item));
      }
    }
    if (item.seconds >= SLOW_SECONDS) {
      this._slow.add(item);
    }
    if (item.verdict === 'passed' && item.attempts > 1) {
      this._flaky.add(item);
    }
  }

  private _drop(item: ICase): void {
    this._all.delete(item.key);
    this._counts[item.verdict] -= 1;
    this._slow.delete(item);
    this._flaky.delete(item);
    this._byCause.get(item.failure?.cause ?? '')?.delete(item);
    const group = this._groups.get(item.file);
    group?.drop(item);
    if (group?.size === 0) {
      this._groups.delete(item.file);
    }
    if (isBad(item)) {
      this._bad -= 1;
    }
    if (group?.bad.size === 0) {
      this._badGroups.delete(group);
    }
  }

  private _version = 0;
  private _round: IRound = { number: 0, total: 0, done: 0, expected: 0, started: 0 };
  private _all = new Map<string, ICase>();
  private _groups = new Map<string, Group>();
  private _badGroups = new Set<Group>();
  private _bad = 0;
  private _counts: ICounts = {};
  private _inAll: ICounts | null = null;
  private _slow = new Set<ICase>();
  private _flaky = new Set<ICase>();
  private _running = new Set<string>();
  private _byCause = new Map<string, Set<ICase>>();
  private _found: { failed: number; causes: ICaseCause[] } = { failed: 0, causes: [] };
}

export function isCaseEvent(event: Event): event is CaseEvent {
  return event.kind.startsWith('Case') || event.kind === 'CausesFound';
}

function caseOf(event: Event & { kind: 'CaseFinished' }): ICase {
  const { nodeid, verdict, seconds, message, file, line, attempts, failure } = event;
  const [group, name] = partsOf(nodeid, file ?? '');
  return {
    key: nodeid,
    file: group,
    name,
    verdict,
    seconds,
    message,
    path: file ?? '',
    line: line ?? 0,
    attempts: attempts ?? 1,
    failure: failure ?? null
  };
}

/** What a test's id says of its file, and its name within that. */
function partsOf(key: string, file: string): [string, string] {
  const at = key.indexOf('::');
  if (at >= 0) {
    return [key.slice(0, at), key.slice(at + 2)];
  }
  return file && file !== key ? [file, key] : [key, ''];
}

function likeOf(text: string): (item: ICase) => boolean {
  if (!text) {
    return () => true;
  }
  const pattern = new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'iu');
  return ({ key, message }) => pattern.test(key) || pattern.test(message);
}
