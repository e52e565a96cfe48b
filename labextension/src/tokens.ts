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
 * Where the releases are. Each rejects with `StoreMissing` where the server
 * knows none, and with `StoreError` where it, or the platform, refuses.
 */
export interface IReleaseClient {
  /** Return all services of the record; no platform is asked. */
  services(): Promise<IServices>;
  /** Ask the platform how a service stands. */
  standing(service: IServiceName): Promise<IStanding>;
  /** Return what would change if a release was made live. */
  difference(service: IServiceName, to: string): Promise<IDifference>;
  /** Return the last lines that a release wrote. */
  logs(service: IServiceName, release: string): Promise<string[]>;
  /** Begin to make a release live; return the id of the run that does it. */
  rollBack(service: IServiceName, to: string): Promise<string>;
}

export interface IServiceName {
  service: string;
  target: string;
}

export interface IServices {
  services: IService[];
  more: boolean;
}

/**
 * A service as the record has it. `live` is the id of the release that was left
 * live, "" where none was, null where nobody knows. `releases` come newest first;
 * `more`: there are older ones. `open` are deploys that have not ended.
 */
export interface IService extends IServiceName {
  live: string | null;
  releases: IListed[];
  more: boolean;
  open: IOpen[];
}

/** A release and how it fared last; `ended` is UTC, milliseconds since 1970. */
export interface IListed {
  release_id: string;
  digest: string;
  verdict: string;
  /** It passed its gate. */
  good: boolean;
  why: string;
  notebook: string;
  /** Who deployed it, or "". */
  by: string;
  ended: number;
  run_id: string;
}

/** `is_left`: who deployed is gone, or waits for a person. */
export interface IOpen {
  release_id: string;
  step: string;
  at: number;
  is_left: boolean;
}

/** How a service stands, as its platform says; `drift` is what somebody else changed. */
export interface IStanding {
  release_id: string;
  digest: string;
  unwell: string;
  drift: string[];
  address: string;
  /** The step at which a deploy was left, or "". */
  left: string;
}

/**
 * What making `to` live would change. `live` is what the platform says is live, ""
 * for nothing of ours; `is_known`: the record has it, so that the changes are all.
 */
export interface IDifference {
  to: string;
  live: string;
  is_known: boolean;
  changes: { name: string; now: string; new: string }[];
  drift: string[];
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
