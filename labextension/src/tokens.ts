import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IEnvelope, IRun } from './events';

/**
 * Where the runs are: the only door to the server.
 */
export interface IStoreClient {
  /**
   * Return a page of runs, newest first.
   *
   * `before` is the id of a run: older ones are returned. `kernel` says that
   * the panel of this kernel's notebook is in sight, so that questions are
   * asked there.
   *
   * Rejects with `StoreMissing` where the server has no extension of ours, and
   * with `StoreError` where it refuses.
   */
  runs(options: { before?: string; kernel?: string }): Promise<IPage>;

  /**
   * Hand the events of a run to `sink`, each once and in order, from the one
   * after `after` on; lost connections are taken up again.
   */
  tail(runId: string, after: number, sink: ITailSink): IDisposable;

  /**
   * End a run.
   */
  cancel(runId: string): Promise<void>;

  /**
   * Answer the question that a run waits with.
   */
  answer(runId: string, question: string, answer: string): Promise<void>;
}

/**
 * A page of runs, newest first; `more`: there are older ones. With the newest
 * page come, as `running`, older runs that run, or did a minute ago.
 */
export interface IPage {
  runs: IRun[];
  more: boolean;
  running?: IRun[];
}

export interface ITailSink {
  /** The next events, at least one. */
  onEvents(envelopes: IEnvelope[]): void;
  /** The run has ended, or null: it is gone. Nothing follows. */
  onEnd(run: IRun | null): void;
  /** Whether the connection stands. */
  onConnected(isConnected: boolean): void;
}

/**
 * The runs as the panel shows them.
 */
export interface IRuns {
  /** All that are known, newest first. */
  readonly runs: ReadonlyArray<IRun>;
  /** Of these, the ones that run. */
  readonly running: ReadonlyArray<IRun>;

  /**
   * Of these, the ones that wait for a person.
   */
  readonly asking: ReadonlyArray<IRun>;
  /** Emitted when any of it has changed. */
  readonly changed: ISignal<IRuns, void>;
  /** Show a run and stay with it; null follows the notebook's newest. */
  select(runId: string | null): void;
  /** End a run. */
  cancel(runId: string): Promise<void>;
  /** Ask the server for news now. */
  refresh(): Promise<void>;
}

export const IRuns = new Token<IRuns>(
  'autoexec-magic:IRuns',
  'The runs on record, live: read them, show one, end one.'
);
