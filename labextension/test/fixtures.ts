/** Runs and events for the tests. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { CaseEvent } from '../src/cases';
import type { Event, ICaseFailure, IEnvelope, IRun } from '../src/events';
import type {
  IDifference,
  IListed,
  IReleaseClient,
  IService,
  IServiceName,
  IServices,
  IStanding
} from '../src/tokens';

export function runOf(change: Partial<IRun> = {}): IRun {
  return {
    run_id: '0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35',
    verb: 'sh',
    title: 'echo',
    verdict: 'running',
    seconds: null,
    started: 0,
    cage: 'open',
    notebook: '',
    path: '',
    kernel: '',
    why: '',
    asks: false,
    ...change
  };
}

/** The events as recorded, numbered from `first` on. */
export function recorded(events: Event[], first = 0): IEnvelope[] {
  return events.map((event, index) => ({ run_id: 'r', seq: first + index, at: 0, event }));
}

export function output(text: string): Event {
  return { kind: 'Output', phase: 'run', stream: 'stdout', text };
}

/** Let what is promised happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

/** The end of a test. */
export function ended(nodeid: string, verdict = 'passed', change: IEndedChange = {}): CaseEvent & { kind: 'CaseFinished' } {
  const { failure, ...rest } = change;
  const file = nodeid.includes('::') ? nodeid.split('::')[0] : '';
  const whole = failure && { ...NO_FAILURE, ...failure };
  const event = { nodeid, verdict, seconds: 0, message: '', file, line: 1, attempts: 1, failure: whole ?? null };
  return { kind: 'CaseFinished', ...event, ...rest };
}

interface IEndedChange {
  seconds?: number;
  message?: string;
  file?: string;
  line?: number;
  attempts?: number;
  failure?: Partial<ICaseFailure>;
}

const NO_FAILURE: ICaseFailure = {
  cls: '',
  confidence: 'unknown',
  why: '',
  fix: '',
  phase: 'call',
  file: '',
  line: 0,
  source: '',
  op: '',
  left: '',
  right: '',
  text: '',
  stdout: '',
  stderr: '',
  cause: ''
};

/** What tests failed by: name, count, ids. */
export function causes(...some: [string, number, string[]][]): CaseEvent & { kind: 'CausesFound' } {
  const all = some.map(([cause, count, nodeids]) => {
    const words = { cls: 'product', what: `what ${cause}`, where: 'x.py:1', fix: `fix ${cause}`, confidence: 'likely' };
    return { cause, count, nodeids, ...words };
  });
  return { kind: 'CausesFound', failed: some.reduce((sum, [, count]) => sum + count, 0), causes: all };
}

/** Words as they stand in the source. */
export const TRANS = {
  __: filled,
  _n: (one: string, many: string, count: number, ...given: unknown[]) => filled(count === 1 ? one : many, count, ...given)
} as TranslationBundle;

function filled(text: string, ...given: unknown[]): string {
  return text.replace(/%(\d)/g, (_, number) => `${given[number - 1]}`);
}

export function listedOf(change: Partial<IListed> = {}): IListed {
  return {
    release_id: 'a',
    digest: `sha256:${'5f0c'.repeat(16)}`,
    verdict: 'deployed',
    good: true,
    why: '',
    notebook: '/home/me/shop.ipynb',
    by: 'ann',
    ended: 1,
    run_id: 'run-1',
    ...change
  };
}

export function serviceOf(change: Partial<IService> = {}): IService {
  return { service: 'web', target: 'local', live: 'a', releases: [listedOf()], more: false, open: [], ...change };
}

export function standingOf(change: Partial<IStanding> = {}): IStanding {
  return {
    release_id: 'a',
    digest: 'sha256:5f0c',
    unwell: '',
    drift: [],
    address: 'http://here',
    left: '',
    ...change
  };
}

/** A server that knows some services; a slow one says how they stand when it is told to. */
export class FakeReleases implements IReleaseClient {
  all: IService[] = [serviceOf()];
  standings: (IStanding | Error)[] = [standingOf()];
  differences: (IDifference | Error)[] = [];
  asked: string[] = [];
  fault: Error | null = null;
  logFault: Error | null = null;
  isSlow = false;
  now = 1_000_000;
  answer: () => void = () => undefined;

  async services(): Promise<IServices> {
    if (this.fault) {
      throw this.fault;
    }
    return { services: this.all, more: false };
  }

  async standing({ service }: IServiceName): Promise<IStanding> {
    this.asked.push(`standing ${service}`);
    if (this.isSlow) {
      await new Promise<void>(resolve => (this.answer = resolve));
    }
    return this._next(this.standings);
  }

  async difference({ service }: IServiceName, to: string): Promise<IDifference> {
    this.asked.push(`difference ${service} ${to}`);
    return this._next(this.differences);
  }

  async logs(): Promise<string[]> {
    if (this.logFault) {
      throw this.logFault;
    }
    return ['one', 'two'];
  }

  async rollBack({ service }: IServiceName, to: string): Promise<string> {
    this.asked.push(`roll back ${service} ${to}`);
    return 'run-of-the-rollback';
  }

  private _next<T>(some: (T | Error)[]): T {
    const found = some.length > 1 ? some.shift() : some[0];
    if (found instanceof Error || found === undefined) {
      throw found;
    }
    return found;
  }
}
