/**
 * Which runs there are, which one is shown, and whether the server knows us.
 */
import { Signal, type ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import { StoreError, StoreMissing } from './client';
import type { IRun } from './events';
import { RunModel } from './model';
import type { IPage, IRuns, IStoreClient } from './tokens';

/** After the server said that it does not know us, it is left alone for so long. */
export const MISSING_MS = 60_000;

/**
 * `there`: it answers; `missing`: it has no extension of ours; `silent`: it
 * does not answer; `refused`: it says why not.
 */
export type Answers = 'unknown' | 'there' | 'missing' | 'silent' | 'refused';

/**
 * The notebook in front. `path` is below the server's root; "" for none.
 */
export interface INotebook {
  path: string;
  kernel: string;
}

export class Runs implements IRuns {
  constructor(
    client: IStoreClient,
    options: { now?: () => number } = {}
  ) {
    this._client = client;
    this._now = options.now ?? Date.now;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What the server says when it is asked for runs. */
  get answers(): Answers {
    return this._answers;
  }

  /** Why the server refused, or "". */
  get reason(): string {
    return this._reason;
  }

  get runs(): ReadonlyArray<IRun> {
    return this._runs;
  }

  get hasMore(): boolean {
    return this._hasMore;
  }

  get running(): ReadonlyArray<IRun> {
    return this._runs.filter(run => run.verdict === 'running');
  }

  /** Of these, the ones that wait for a person, be it in the panel or at a prompt that we know of. */
  get asking(): ReadonlyArray<IRun> {
    const shown = this._shown?.state.question ? this._shown.run.run_id : '';
    return this.running.filter(run => run.asks || run.run_id === shown);
  }

  /** The runs of the notebook in front, newest first. */
  get mine(): ReadonlyArray<IRun> {
    return this._runs.filter(run => this._isMine(run));
  }

  /** The others, newest first. */
  get others(): ReadonlyArray<IRun> {
    return this._runs.filter(run => !this._isMine(run));
  }

  /** The run that is shown, followed live; null where there is none. */
  get shown(): RunModel | null {
    return this._shown;
  }

  /** Whether the notebook's newest run is shown, whichever it is. */
  get isFollowing(): boolean {
    return this._pinned === null;
  }

  /** The question that the notebook's runs wait with is asked in the panel. */
  set isInSight(value: boolean) {
    this._isInSight = value;
  }

  set notebook(notebook: INotebook) {
    const { path, kernel } = this._notebook;
    if (path === notebook.path && kernel === notebook.kernel) {
      return;
    }
    if (path !== notebook.path) {
      this._pinned = null; // another notebook is in front: show what it does
    }
    this._notebook = notebook;
    this._show();
    this._changed.emit();
  }

  select(runId: string | null): void {
    this._pinned = runId;
    this._show();
    this._changed.emit();
  }

  async cancel(runId: string): Promise<void> {
    await this._client.cancel(runId);
  }

  async answer(runId: string, question: string, words: string): Promise<void> {
    await this._client.answer(runId, question, words);
  }

  /**
   * Ask the server for the newest runs, unless it said less than a minute ago
   * that it does not know us. Rejects where it does not answer.
   */
  async refresh(): Promise<void> {
    if (
      this._answers === 'missing' &&
      this._now() - this._missingSince < MISSING_MS
    ) {
      return;
    }
    const kernel = this._isInSight ? this._notebook.kernel : '';
    try {
      const page = await this._client.runs(kernel ? { kernel } : {});
      this._merge(page);
      this._become('there');
    } catch (error) {
      this._fail(error);
    }
  }

  /** Add a page of older runs; asked twice at once, it adds one. */
  async more(): Promise<void> {
    const before = this._oldest;
    if (!before || this._isAdding) {
      return;
    }
    this._isAdding = true;
    try {
      const page = await this._client.runs({ before });
      this._oldest = page.runs[page.runs.length - 1]?.run_id ?? before;
      this._hasMore = page.more;
      this._runs = ordered([...page.runs, ...this._runs]);
      this._changed.emit();
    } finally {
      this._isAdding = false;
    }
  }

  dispose(): void {
    this._tail?.dispose();
    this._shown?.dispose();
    Signal.clearData(this);
  }

  private _isMine(run: IRun): boolean {
    const { path, kernel } = this._notebook;
    return (
      (kernel !== '' && run.kernel === kernel) ||
      (path !== '' && run.path === path)
    );
  }

  /**
   * Put the newest page before the older runs that were asked for; of these,
   * one that ran is as the server says now, and gone where it says nothing.
   */
  private _merge({ runs, more, running = [] }: IPage): void {
    const last = runs[runs.length - 1]?.run_id ?? '';
    const older = this._runs.filter(
      run => more && run.run_id < last && run.verdict !== 'running'
    );
    if (!more || !this._oldest || this._oldest >= last) {
      this._oldest = last;
      this._hasMore = more;
    }
    this._runs = ordered([...older, ...running, ...runs]);
    this._show();
    this._changed.emit();
  }

  private _fail(error: unknown): void {
    if (error instanceof StoreMissing) {
      this._missingSince = this._now();
      this._runs = [];
      this._show(); // what was followed is not asked for any more either
      this._become('missing');
      return;
    }
    if (error instanceof StoreError) {
      this._reason = error.message;
      this._become('refused');
    } else {
      this._become('silent');
    }
    throw error; // the poll waits longer each time
  }

  private _become(answers: Answers): void {
    if (answers !== this._answers) {
      this._answers = answers;
      this._changed.emit();
    }
  }

  /** Follow the run that is to be shown, if it is another one than before. */
  private _show(): void {
    const wanted =
      this.mine.find(run => run.asks) ?? // a person is waited for, whatever was chosen
      this._runs.find(run => run.run_id === this._pinned) ??
      this.mine[0] ??
      null;
    if (wanted?.run_id === this._shown?.run.run_id) {
      return;
    }
    this._tail?.dispose();
    this._shown?.dispose();
    this._shown = wanted && new RunModel(wanted);
    this._tail =
      this._shown && this._client.tail(this._shown.run.run_id, -1, this._shown);
  }

  private _client: IStoreClient;
  private _now: () => number;
  private _runs: IRun[] = [];
  private _hasMore = false;
  private _notebook: INotebook = { path: '', kernel: '' };
  private _isInSight = false;
  private _pinned: string | null = null;
  private _shown: RunModel | null = null;
  private _tail: IDisposable | null = null;
  private _answers: Answers = 'unknown';
  private _oldest = '';
  private _isAdding = false;
  private _reason = '';
  private _missingSince = 0;
  private _changed = new Signal<this, void>(this);
}

/** Newest first, each run once: as it stands last in `runs`. */
function ordered(runs: IRun[]): IRun[] {
  const byId = new Map(runs.map(run => [run.run_id, run]));
  return [...byId.values()].sort((a, b) => (a.run_id < b.run_id ? 1 : -1));
}
