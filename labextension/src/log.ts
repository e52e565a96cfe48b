/**
 * A run's output in a terminal that takes no input. xterm.js is loaded when
 * the first text comes; each run gets a terminal of its own, so that nothing of
 * the one before can still be on its way into it. Text is handed over a piece at
 * a time: xterm throws away what it is given faster than it can take it.
 *
 * Text in a log is data: no key and no answer to a device query goes back, links
 * open only if they are http(s), in a tab that knows nothing of this one.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import type { FitAddon } from '@xterm/addon-fit';
import type { SearchAddon } from '@xterm/addon-search';
import type { Terminal } from '@xterm/xterm';

import type { RunModel } from './model';

const PIECE_CHARS = 262_144;
const SCROLL_KEYS = ['PageUp', 'PageDown', 'Home', 'End'];

export interface ILogOptions {
  /** Lines that can be scrolled back to; longer lines count more than once. */
  scrollback: number;
  /** Whether the log is read out; slow for long ones. */
  screenReaderMode: boolean;
}

export class Log extends Widget {
  constructor(trans: TranslationBundle, options: ILogOptions) {
    super();
    this._options = options;
    this.addClass('jp-Autoexec-log');
    this.node.setAttribute('role', 'log');
    this.node.setAttribute('aria-live', 'off');
    this.node.setAttribute('aria-label', trans.__('Output of the run'));
  }

  /** Emitted when `newLines` is another number. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Lines written since the person scrolled up; 0 while the end is in view. */
  get newLines(): number {
    return this._newLines;
  }

  /** The terminal, null before the first text. */
  get terminal(): Terminal | null {
    return this._terminal;
  }

  set options(options: ILogOptions) {
    this._options = options;
    if (this._terminal) {
      Object.assign(this._terminal.options, options);
    }
  }

  /** Show the output of `run` from its beginning, or nothing. */
  set run(run: RunModel | null) {
    if (run === this._run) {
      return;
    }
    this._run?.output.disconnect(this._write, this);
    this._run = run;
    this._pending = [];
    this._linesAtLeave = 0;
    this._setNewLines(0);
    this._close();
    run?.output.connect(this._write, this);
  }

  /** Go back to the end, and stay there. */
  follow(): void {
    this._terminal?.scrollToBottom();
  }

  /** Show the next place of `text`, or the one before; return whether there is one. */
  find(text: string, isBackwards = false): boolean {
    if (!this._search || !text) {
      return false;
    }
    return isBackwards
      ? this._search.findPrevious(text)
      : this._search.findNext(text);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._run?.output.disconnect(this._write, this);
    this._close();
    Signal.clearData(this);
    super.dispose();
  }

  /** Take the colours of the theme. */
  recolour(): void {
    if (this._terminal) {
      this._terminal.options.theme = coloursOf(this.node);
    }
  }

  protected onResize(msg: Message): void {
    this._refit();
  }

  protected onAfterShow(msg: Message): void {
    this._refit();
  }

  private _write(_: RunModel, text: string): void {
    this._pending.push(text);
    if (this._terminal) {
      this._pump();
    } else {
      this._open().catch(error => {
        this.node.textContent = `${error}`; // a part of the panel that the server does not give
      });
    }
  }

  /** Hand the next piece over, if the last one was taken. */
  private _pump(): void {
    const terminal = this._terminal;
    if (!terminal || this._isWriting || this._pending.length === 0) {
      return;
    }
    let piece = '';
    while (this._pending.length > 0 && piece.length < PIECE_CHARS) {
      piece += this._pending.shift();
    }
    this._isWriting = true;
    terminal.write(piece, () => {
      if (terminal === this._terminal) {
        this._isWriting = false;
        this._pump();
      }
    });
  }

  private async _open(): Promise<void> {
    const [{ Terminal }, { FitAddon }, { SearchAddon }, { WebLinksAddon }] =
      await Promise.all([
        import('@xterm/xterm'),
        import('@xterm/addon-fit'),
        import('@xterm/addon-search'),
        import('@xterm/addon-web-links')
      ]);
    if (this.isDisposed || this._terminal || this._pending.length === 0) {
      return;
    }
    const style = getComputedStyle(this.node);
    const terminal = new Terminal({
      ...this._options,
      convertEol: true,
      disableStdin: true,
      cursorInactiveStyle: 'none',
      fontFamily: style.getPropertyValue('--jp-code-font-family') || 'monospace',
      fontSize: parseInt(style.getPropertyValue('--jp-code-font-size'), 10) || 13,
      minimumContrastRatio: 4.5,
      linkHandler: { activate: (_, uri) => openLink(uri) },
      theme: coloursOf(this.node)
    });
    this._fit = new FitAddon();
    this._search = new SearchAddon();
    terminal.loadAddon(this._fit);
    terminal.loadAddon(this._search);
    terminal.loadAddon(new WebLinksAddon((_, uri) => openLink(uri)));
    // Keys stay the page's: Tab leaves, Ctrl+C copies. Those that scroll are the terminal's.
    terminal.attachCustomKeyEventHandler(
      event => event.shiftKey && SCROLL_KEYS.includes(event.key)
    );
    terminal.onScroll(() => this._look());
    terminal.onWriteParsed(() => this._look());
    terminal.open(this.node);
    terminal.element?.addEventListener('wheel', () =>
      requestAnimationFrame(() => this._look())
    );
    this._terminal = terminal;
    this._refit();
    this._pump();
  }

  private _close(): void {
    this._terminal?.dispose();
    this._terminal = this._fit = this._search = null;
    this._isWriting = false;
    this.node.textContent = '';
  }

  private _refit(): void {
    if (this.isVisible && this.node.clientHeight > 0) {
      this._fit?.fit();
    }
  }

  /** See whether the end is in view, and count what came since it was not. */
  private _look(): void {
    const buffer = this._terminal?.buffer.active;
    const lines = this._run?.state.lines ?? 0;
    if (!buffer || buffer.viewportY >= buffer.baseY) {
      this._linesAtLeave = lines;
    }
    this._setNewLines(lines - this._linesAtLeave);
  }

  private _setNewLines(count: number): void {
    if (count !== this._newLines) {
      this._newLines = count;
      this._changed.emit();
    }
  }

  private _options: ILogOptions;
  private _run: RunModel | null = null;
  private _terminal: Terminal | null = null;
  private _fit: FitAddon | null = null;
  private _search: SearchAddon | null = null;
  private _isWriting = false;
  private _pending: string[] = [];
  private _linesAtLeave = 0;
  private _newLines = 0;
  private _changed = new Signal<this, void>(this);
}

function openLink(uri: string): void {
  if (/^https?:\/\//i.test(uri)) {
    window.open(uri, '_blank', 'noopener,noreferrer');
  }
}

function coloursOf(node: HTMLElement): { [name: string]: string } {
  const style = getComputedStyle(node);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const background = colour('--jp-layout-color1') || '#ffffff';
  return {
    background,
    foreground: colour('--jp-ui-font-color1') || '#000000',
    cursor: background,
    selectionBackground: colour('--jp-editor-selected-background') || '#add6ff'
  };
}
