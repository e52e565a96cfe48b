/**
 * The only file that knows the server: list, tail with resume, cancel, answer.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import { isEnd, parseLines, type IEnvelope } from './events';
import type { IPage, IStoreClient, ITailSink } from './tokens';

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
    const query = URLExt.objectToQueryString({ ...options });
    const url = URLExt.join(this._settings.baseUrl, 'autoexec/runs') + query;
    const response = await ServerConnection.makeRequest(
      url,
      {},
      this._settings
    );
    if (response.status === 404) {
      throw new StoreMissing();
    }
    return (await this._body(response)) as IPage;
  }

  tail(runId: string, after: number, sink: ITailSink): IDisposable {
    return new Tail(this._settings, runId, after, sink);
  }

  async cancel(runId: string): Promise<void> {
    await this._post(runId, 'cancel', {});
  }

  async answer(
    runId: string,
    question: string,
    answer: string
  ): Promise<void> {
    await this._post(runId, 'answer', { question, answer });
  }

  private async _post(
    runId: string,
    verb: string,
    body: { [key: string]: string }
  ): Promise<void> {
    const response = await ServerConnection.makeRequest(
      URLExt.join(this._settings.baseUrl, 'autoexec/runs', runId, verb),
      { method: 'POST', body: JSON.stringify(body) },
      this._settings
    );
    await this._body(response);
  }

  private async _body(response: Response): Promise<unknown> {
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

  private _settings: ServerConnection.ISettings;
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
