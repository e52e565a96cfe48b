/**
 * The only file that knows the server: list, tail with resume, cancel, answer.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import { isEnd, parseLines, type IEnvelope } from './events';
import type {
  IDifference,
  IPage,
  IReleaseClient,
  IServiceName,
  IServices,
  IStanding,
  IStoreClient,
  ITailSink
} from './tokens';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;

/**
 * The server refused: what it said, and what to do about it.
 */
export class StoreError extends Error {
  constructor(
    readonly what: string,
    readonly why = '',
    readonly fix = ''
  ) {
    super(why ? `${what}: ${why}` : what);
  }
}

/**
 * The server has no extension of ours.
 */
export class StoreMissing extends Error {}

export class StoreClient implements IStoreClient {
  constructor(
    settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {
    this._settings = settings;
  }

  async runs(options: { before?: string; kernel?: string }): Promise<IPage> {
    return (await got(this._settings, ['runs'], { ...options }, true)) as IPage;
  }

  tail(runId: string, after: number, sink: ITailSink): IDisposable {
    return new Tail(this._settings, runId, after, sink);
  }

  async cancel(runId: string): Promise<void> {
    await posted(this._settings, ['runs', runId, 'cancel'], {});
  }

  async answer(
    runId: string,
    question: string,
    answer: string
  ): Promise<void> {
    await posted(this._settings, ['runs', runId, 'answer'], { question, answer });
  }

  private _settings: ServerConnection.ISettings;
}

export class ReleaseClient implements IReleaseClient {
  constructor(
    settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {
    this._settings = settings;
  }

  async services(): Promise<IServices> {
    return (await got(this._settings, ['releases'], {}, true)) as IServices;
  }

  async standing(service: IServiceName): Promise<IStanding> {
    return (await got(this._settings, pathOf(service, 'status'), {})) as IStanding;
  }

  async difference(service: IServiceName, to: string): Promise<IDifference> {
    return (await got(this._settings, pathOf(service, 'difference'), { to })) as IDifference;
  }

  async logs(service: IServiceName, release: string): Promise<string[]> {
    const found = await got(this._settings, pathOf(service, 'logs'), { release });
    return (found as { lines: string[] }).lines;
  }

  async rollBack(service: IServiceName, to: string): Promise<string> {
    const found = await posted(this._settings, pathOf(service, 'rollback'), { to });
    return (found as { run_id: string }).run_id;
  }

  private _settings: ServerConnection.ISettings;
}

function pathOf({ service, target }: IServiceName, verb: string): string[] {
  return ['releases', target, service, verb];
}

interface IWords {
  [name: string]: string;
}

async function got(
  settings: ServerConnection.ISettings,
  path: string[],
  query: IWords,
  isList = false
): Promise<unknown> {
  const url = URLExt.join(settings.baseUrl, 'autoexec', ...path) + URLExt.objectToQueryString(query);
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (isList && response.status === 404) {
    throw new StoreMissing();
  }
  return bodyOf(response);
}

async function posted(settings: ServerConnection.ISettings, path: string[], body: IWords): Promise<unknown> {
  const url = URLExt.join(settings.baseUrl, 'autoexec', ...path);
  const init = { method: 'POST', body: JSON.stringify(body) };
  return bodyOf(await ServerConnection.makeRequest(url, init, settings));
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.ok) {
    return response.json();
  }
  let said: { what?: string; why?: string; fix?: string; message?: string };
  try {
    said = await response.json();
  } catch {
    said = {};
  }
  const what = said.what || said.message || `HTTP ${response.status}`;
  throw new StoreError(what, said.why ?? '', said.fix ?? '');
}

/**
 * One run, followed. Each event is handed on once: what a server sends again
 * is left out, and after a gap the connection is made anew from before it.
 */
class Tail implements IDisposable {
  constructor(
    settings: ServerConnection.ISettings,
    runId: string,
    after: number,
    sink: ITailSink
  ) {
    this._settings = settings;
    this._runId = runId;
    this._last = after;
    this._sink = sink;
    this._open();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._socket?.close();
  }

  private _open(): void {
    const { wsUrl, token, appendToken, WebSocket } = this._settings;
    const query: { [key: string]: string } = { after: `${this._last}` };
    if (appendToken && token) {
      query.token = token;
    }
    const url =
      URLExt.join(wsUrl, 'autoexec/runs', this._runId, 'tail') +
      URLExt.objectToQueryString(query);
    const socket = new WebSocket(url);
    this._socket = socket;
    socket.onopen = () => {
      if (socket === this._socket) {
        this._sink.onConnected(true);
      }
    };
    socket.onmessage = (event: MessageEvent) => {
      if (socket === this._socket && !this._isDisposed) {
        this._take(String(event.data));
      }
    };
    socket.onclose = () => {
      if (socket === this._socket && !this._isDisposed) {
        this._sink.onConnected(false);
        this._again();
      }
    };
  }

  private _again(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._open(), this._wait);
    this._wait = Math.min(2 * this._wait, LONGEST_WAIT_MS);
  }

  private _take(text: string): void {
    const fresh: IEnvelope[] = [];
    for (const value of parseLines(text)) {
      if (isEnd(value)) {
        this._hand(fresh);
        this.dispose();
        this._sink.onEnd(value.run);
        return;
      }
      if (value.seq <= this._last) {
        continue;
      }
      if (value.seq > this._last + 1 && this._gapAfter !== this._last) {
        this._gapAfter = this._last; // met again there, it is in the log and stays
        const socket = this._socket;
        this._socket = null;
        socket?.close();
        this._hand(fresh);
        this._again();
        return;
      }
      this._last = value.seq;
      fresh.push(value);
    }
    this._hand(fresh);
  }

  private _hand(envelopes: IEnvelope[]): void {
    if (envelopes.length > 0) {
      this._wait = FIRST_WAIT_MS;
      this._sink.onEvents(envelopes);
    }
  }

  private _settings: ServerConnection.ISettings;
  private _runId: string;
  private _last: number;
  private _sink: ITailSink;
  private _socket: WebSocket | null = null;
  private _timer = 0;
  private _wait = FIRST_WAIT_MS;
  private _gapAfter: number | null = null;
  private _isDisposed = false;
}
