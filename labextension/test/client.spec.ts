/** The client asks, follows, and takes a lost connection up again: each event once. */
import { ServerConnection } from '@jupyterlab/services';

import { ReleaseClient, StoreClient, StoreError, StoreMissing } from '../src/client';
import type { IEnvelope, IRun } from '../src/events';
import type { ITailSink } from '../src/tokens';
import { output, recorded, runOf } from './fixtures';

const RUN = '0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35';

class FakeSocket {
  static all: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  isClosed = false;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  close(): void {
    this.isClosed = true;
  }

  static get last(): FakeSocket {
    return FakeSocket.all[FakeSocket.all.length - 1];
  }

  say(...envelopes: IEnvelope[]): void {
    this.onmessage?.({ data: envelopes.map(item => JSON.stringify(item) + '\n').join('') });
  }

  sayEnd(run: IRun | null): void {
    this.onmessage?.({ data: JSON.stringify({ run }) });
  }
}

class Sink implements ITailSink {
  seqs: number[] = [];
  ends: (IRun | null)[] = [];
  connected: boolean[] = [];
  onEvents(envelopes: IEnvelope[]): void {
    this.seqs.push(...envelopes.map(item => item.seq));
  }
  onEnd(run: IRun | null): void {
    this.ends.push(run);
  }
  onConnected(isConnected: boolean): void {
    this.connected.push(isConnected);
  }
}

interface IAsked {
  url: string;
  method: string;
  body: string;
}

function client(reply: () => Response, asked: IAsked[] = []): StoreClient {
  return new StoreClient(settingsOf(reply, asked));
}

function settingsOf(reply: () => Response, asked: IAsked[]): ServerConnection.ISettings {
  return ServerConnection.makeSettings({
    baseUrl: 'http://127.0.0.1:1/user/me/',
    wsUrl: 'ws://127.0.0.1:1/user/me/',
    token: 'secret',
    appendToken: true,
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    fetch: async (request: RequestInfo | URL) => {
      const { url, method } = request as Request;
      asked.push({ url, method, body: method === 'POST' ? await (request as Request).text() : '' });
      return reply();
    }
  });
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}

function lines(first: number, last: number): IEnvelope[] {
  const events = Array.from({ length: last - first + 1 }, () => output('x\n'));
  return recorded(events, first);
}

beforeEach(() => {
  FakeSocket.all = [];
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('StoreClient', () => {
  it('asks below the base URL', async () => {
    const asked: IAsked[] = [];
    const page = { runs: [runOf()], more: false };
    const found = await client(() => json(page), asked).runs({ before: RUN, kernel: 'k' });
    expect(found).toEqual(page);
    expect(asked[0].url.split('&1')[0]).toContain(`/user/me/autoexec/runs?before=${RUN}&kernel=k`);
  });

  it('tells a server without our extension from one that refuses', async () => {
    await expect(client(() => json({}, 404)).runs({})).rejects.toBeInstanceOf(StoreMissing);
    const body = { what: 'no', why: 'because', fix: 'do' };
    const error = await client(() => json(body, 409))
      .runs({})
      .catch(reason => reason);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ what: 'no', why: 'because', fix: 'do', message: 'no: because' });
  });

  it('says the status where an answer is no JSON', async () => {
    const error = client(() => new Response('<html>', { status: 502 })).runs({});
    await expect(error).rejects.toMatchObject({ what: 'HTTP 502' });
  });

  it('posts a cancel and an answer', async () => {
    const asked: IAsked[] = [];
    const store = client(() => json({}, 202), asked);
    await store.cancel(RUN);
    await store.answer(RUN, 'q', 'yes');
    expect(asked.map(item => [item.method, item.url.replace(/\?.*/, '')])).toEqual([
      ['POST', `http://127.0.0.1:1/user/me/autoexec/runs/${RUN}/cancel`],
      ['POST', `http://127.0.0.1:1/user/me/autoexec/runs/${RUN}/answer`]
    ]);
    expect(JSON.parse(asked[1].body)).toEqual({ question: 'q', answer: 'yes' });
  });
});

describe('ReleaseClient', () => {
  const SERVICE = { service: 'web', target: 'local' };

  it('names a service by its target and name, and a release by its id', async () => {
    const asked: IAsked[] = [];
    const store = new ReleaseClient(settingsOf(() => json({ lines: ['x'], run_id: 'r' }, 202), asked));
    await store.services();
    await store.standing(SERVICE);
    await store.difference(SERVICE, RUN);
    expect(await store.logs(SERVICE, RUN)).toEqual(['x']);
    expect(await store.rollBack(SERVICE, RUN)).toBe('r');
    const base = 'http://127.0.0.1:1/user/me/autoexec/releases';
    expect(asked.map(({ method, url }) => `${method} ${url.replace(/[?&]\d{10,}$/, '')}`)).toEqual([
      `GET ${base}`,
      `GET ${base}/local/web/status`,
      `GET ${base}/local/web/difference?to=${RUN}`,
      `GET ${base}/local/web/logs?release=${RUN}`,
      `POST ${base}/local/web/rollback`
    ]);
    expect(JSON.parse(asked[4].body)).toEqual({ to: RUN });
  });

  it('tells a server that knows no releases from a service that is not there', async () => {
    const store = new ReleaseClient(settingsOf(() => json({ message: 'not there' }, 404), []));
    await expect(store.services()).rejects.toBeInstanceOf(StoreMissing);
    await expect(store.standing(SERVICE)).rejects.toMatchObject({ what: 'not there' });
  });
});

describe('tail', () => {
  function tail(after = -1): [Sink, { dispose(): void }] {
    const sink = new Sink();
    return [sink, client(() => json({})).tail(RUN, after, sink)];
  }

  it('opens below the base URL, with the token where the server wants it there', () => {
    tail(41);
    expect(FakeSocket.last.url).toBe(
      `ws://127.0.0.1:1/user/me/autoexec/runs/${RUN}/tail?after=41&token=secret`
    );
  });

  it('hands events on and ends with the run', () => {
    const [sink] = tail();
    FakeSocket.last.onopen?.();
    FakeSocket.last.say(...lines(0, 2));
    FakeSocket.last.say(...lines(3, 3));
    FakeSocket.last.sayEnd(runOf({ verdict: 'passed' }));
    FakeSocket.last.onclose?.();
    jest.advanceTimersByTime(60_000);
    expect(sink.seqs).toEqual([0, 1, 2, 3]);
    expect(sink.ends.map(run => run?.verdict)).toEqual(['passed']);
    expect(sink.connected).toEqual([true]);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('takes a lost connection up after the last event it has', () => {
    const [sink] = tail();
    FakeSocket.last.say(...lines(0, 9));
    FakeSocket.last.onclose?.();
    expect(sink.connected).toEqual([false]);
    jest.advanceTimersByTime(250);
    expect(FakeSocket.last.url).toContain('after=9');
    FakeSocket.last.say(...lines(8, 12)); // a server may say again what was said
    expect(sink.seqs).toEqual(Array.from({ length: 13 }, (_, seq) => seq));
  });

  it('waits longer each time, at most 8 s, and is quick again after a success', () => {
    tail();
    const waits: number[] = [];
    for (let turn = 0; turn < 8; turn++) {
      const count = FakeSocket.all.length;
      FakeSocket.last.onclose?.();
      let waited = 0;
      while (FakeSocket.all.length === count) {
        jest.advanceTimersByTime(50);
        waited += 50;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    FakeSocket.last.say(...lines(0, 0));
    FakeSocket.last.onclose?.();
    const count = FakeSocket.all.length;
    jest.advanceTimersByTime(250);
    expect(FakeSocket.all.length).toBe(count + 1);
  });

  it('asks again from before a gap', () => {
    const [sink] = tail();
    const first = FakeSocket.last;
    first.say(...lines(0, 1), ...lines(3, 4));
    expect(first.isClosed).toBe(true);
    jest.advanceTimersByTime(250);
    expect(FakeSocket.last.url).toContain('after=1');
    first.say(...lines(2, 4)); // late words of the old connection
    FakeSocket.last.say(...lines(2, 5));
    expect(sink.seqs).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('goes on after a gap that is in the log itself', () => {
    const [sink] = tail();
    FakeSocket.last.say(...lines(0, 1), ...lines(3, 4));
    jest.advanceTimersByTime(250);
    FakeSocket.last.say(...lines(3, 5));
    FakeSocket.last.say(...lines(6, 6));
    expect(sink.seqs).toEqual([0, 1, 3, 4, 5, 6]);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('passes over a line that is torn', () => {
    const [sink] = tail();
    FakeSocket.last.onmessage?.({
      data: `${JSON.stringify(lines(0, 0)[0])}\n{"seq": 1, "ev\n${JSON.stringify(lines(1, 1)[0])}\n`
    });
    expect(sink.seqs).toEqual([0, 1]);
  });

  it('says nothing more once it is disposed of', () => {
    const [sink, handle] = tail();
    handle.dispose();
    expect(FakeSocket.last.isClosed).toBe(true);
    FakeSocket.last.say(...lines(0, 0));
    FakeSocket.last.onclose?.();
    jest.advanceTimersByTime(60_000);
    expect(sink.seqs).toEqual([]);
    expect(FakeSocket.all).toHaveLength(1);
  });
});
