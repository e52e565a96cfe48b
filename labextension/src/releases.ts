/**
 * The releases of all services, and how each service stands. Knows neither the
 * page nor how the server is asked.
 */
import { Signal, type ISignal } from '@lumino/signaling';

import { StoreError, StoreMissing } from './client';
import type { IDifference, IReleaseClient, IService, IServiceName, IStanding } from './tokens';

/** What a platform said is asked for anew after so long, or as soon as the record has something new. */
export const STANDING_MS = 30_000;

/** How a service stands, as far as that is known: `why` says why it is not. */
export interface IStand {
  standing: IStanding | null;
  why: string;
  fix: string;
  isAsked: boolean;
  /** When it was asked, and which deploy was the newest on record then. */
  at: number;
  mark: string;
}

/** The last lines of a release; `why` says why there are none. */
export interface ILines {
  lines: string[] | null;
  why: string;
}

const UNASKED: IStand = { standing: null, why: '', fix: '', isAsked: false, at: 0, mark: '' };

export class Releases {
  constructor(client: IReleaseClient, options: { now?: () => number } = {}) {
    this._client = client;
    this._now = options.now ?? Date.now;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The services, the one that was deployed last first; null before the server has told. */
  get services(): ReadonlyArray<IService> | null {
    return this._services;
  }

  /** There are more services than the server tells. */
  get hasMore(): boolean {
    return this._hasMore;
  }

  /** Why the server does not tell, or "". */
  get reason(): string {
    return this._reason;
  }

  /** The server has no extension of ours, or an older one. */
  get isMissing(): boolean {
    return this._isMissing;
  }

  stand(service: IServiceName): Readonly<IStand> {
    return this._stands.get(keyOf(service)) ?? UNASKED;
  }

  /** What is live: as the platform says, and as long as that is not known, as the record does. */
  live(service: IService): string | null {
    return this.stand(service).standing?.release_id ?? service.live;
  }

  /** The lines that are shown of a release, null where they are not. */
  lines(releaseId: string): ILines | null {
    return this._lines.get(releaseId) ?? null;
  }

  /**
   * Read the record, and ask the platform of one service whose standing is old.
   * Rejects where the server does not answer.
   */
  async refresh(): Promise<void> {
    try {
      const { services, more } = await this._client.services();
      this._services = services;
      this._hasMore = more;
      this._reason = '';
      this._isMissing = false;
    } catch (error) {
      this._isMissing = error instanceof StoreMissing;
      this._reason = error instanceof StoreError ? error.message : '';
      throw error;
    } finally {
      this._changed.emit();
    }
    void this._askNext();
  }

  /** Ask the platform how a service stands; asked twice at once, it is asked once. */
  async ask(service: IService): Promise<void> {
    const before = this.stand(service);
    if (before.isAsked) {
      return;
    }
    const at = this._now();
    const mark = markOf(service);
    this._stood(service, { ...before, isAsked: true });
    try {
      const standing = await this._client.standing(service);
      this._stood(service, { standing, why: '', fix: '', isAsked: false, at, mark });
    } catch (error) {
      const { why, fix } = saidOf(error);
      this._stood(service, { standing: null, why, fix, isAsked: false, at, mark });
    }
  }

  difference(service: IServiceName, to: string): Promise<IDifference> {
    return this._client.difference(service, to);
  }

  /** Begin to make a release live, and return the id of the run that does it. */
  rollBack(service: IServiceName, to: string): Promise<string> {
    return this._client.rollBack(service, to);
  }

  /** Show the last lines of a release, as they are now. */
  async showLogs(service: IServiceName, releaseId: string): Promise<void> {
    this._lines.set(releaseId, { lines: this.lines(releaseId)?.lines ?? null, why: '' });
    this._changed.emit();
    let found: ILines;
    try {
      found = { lines: await this._client.logs(service, releaseId), why: '' };
    } catch (error) {
      found = { lines: null, why: saidOf(error).why };
    }
    if (this._lines.has(releaseId)) {
      this._lines.set(releaseId, found);
      this._changed.emit();
    }
  }

  hideLogs(releaseId: string): void {
    this._lines.delete(releaseId);
    this._changed.emit();
  }

  dispose(): void {
    Signal.clearData(this);
  }

  /** Of those that have to be asked, the one that waits longest; one at a time: each may take seconds. */
  private async _askNext(): Promise<void> {
    if ([...this._stands.values()].some(stand => stand.isAsked)) {
      return;
    }
    const isOld = (service: IService) => {
      const { at, mark } = this.stand(service);
      return mark !== markOf(service) || this._now() - at >= STANDING_MS;
    };
    const old = (this._services ?? []).filter(isOld);
    old.sort((a, b) => this.stand(a).at - this.stand(b).at);
    if (old.length > 0) {
      await this.ask(old[0]);
    }
  }

  private _stood(service: IServiceName, stand: IStand): void {
    this._stands.set(keyOf(service), stand);
    this._changed.emit();
  }

  private _client: IReleaseClient;
  private _now: () => number;
  private _services: IService[] | null = null;
  private _hasMore = false;
  private _reason = '';
  private _isMissing = false;
  private _stands = new Map<string, IStand>();
  private _lines = new Map<string, ILines>();
  private _changed = new Signal<this, void>(this);
}

/** What was said that went wrong, and what to do about it. */
export function saidOf(error: unknown): { why: string; fix: string } {
  const why = error instanceof Error ? error.message : `${error}`;
  return { why, fix: error instanceof StoreError ? error.fix : '' };
}

function keyOf({ service, target }: IServiceName): string {
  return `${target}/${service}`;
}

/** Changes with each deploy of a service that has ended. */
export function markOf({ releases }: IService): string {
  const newest = releases[0];
  return newest ? `${newest.release_id} ${newest.ended}` : 'none';
}
