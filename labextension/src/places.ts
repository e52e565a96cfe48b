/**
 * Going to where something failed: to a line of a cell, or of a file.
 *
 * It scrolls and puts the cursor there, and nothing else: what a cell shows can
 * hold such a link, too, and may come from anybody.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import type { IFrame, IRun } from './events';

type Cell = NotebookPanel['content']['widgets'][number];
type Editor = NonNullable<Cell['editor']>;

/** The link of a card: by itself a notebook scrolls to the cell; the line is in `data-autoexec-line`. */
const LINK = 'a.jp-Autoexec-where';
const TO_CELL = /^#cell-id=([A-Za-z0-9_-]{1,64})$/;

export class Places {
  constructor(app: JupyterFrontEnd, tracker: INotebookTracker | null) {
    this._app = app;
    this._tracker = tracker;
  }

  /**
   * Return what goes to the place of a failure, or null where nothing could.
   */
  of(run: IRun, frame: IFrame | null | undefined): (() => Promise<void>) | null {
    if (!frame) {
      return null;
    }
    const cell = frame.cell_id || frame.cell;
    if (cell) {
      return run.path && this._tracker ? () => this._toCell(run.path, cell, frame.line) : null;
    }
    const path = pathOf(frame.file, run);
    return path ? () => this._toFile(path, frame.line) : null;
  }

  /**
   * Go to a line of a cell of the notebook in front; the cell is named by its id or number.
   */
  async inFront(cell: string, line: number): Promise<void> {
    const panel = this._tracker?.currentWidget;
    if (panel) {
      await goToLine(panel, cell, line);
    }
  }

  /**
   * Let the cards' links go to the line, too; a link to a cell that is not there is left to the page.
   */
  follow(node: HTMLElement): void {
    node.addEventListener('click', event => {
      const link = event.target instanceof Element ? event.target.closest(LINK) : null;
      const id = TO_CELL.exec(link?.getAttribute('href') ?? '')?.[1];
      const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
      const panel = link && this._tracker?.find(panel => panel.content.node.contains(link));
      if (!id || !isPlain || !panel || indexOf(panel, id) < 0) {
        return;
      }
      event.preventDefault();
      void goToLine(panel, id, Number(link.getAttribute('data-autoexec-line')));
    });
  }

  private async _toCell(path: string, cell: string, line: number): Promise<void> {
    const { contents } = this._app.serviceManager;
    const isIt = (panel: NotebookPanel) => contents.localPath(panel.context.path) === path;
    if (!this._tracker?.find(isIt)) {
      await this._app.commands.execute('docmanager:open', { path });
    }
    const panel = this._tracker?.find(isIt);
    if (panel) {
      this._app.shell.activateById(panel.id);
      await panel.context.ready;
      await goToLine(panel, cell, line);
    }
  }

  private async _toFile(path: string, line: number): Promise<void> {
    await this._app.serviceManager.contents.get(path, { content: false }); // rejects where there is none
    const widget = await this._app.commands.execute('docmanager:open', { path });
    await widget?.context?.ready;
    const editor: Editor | undefined = widget?.content?.editor;
    if (editor) {
      put(editor, line);
    }
  }

  private _app: JupyterFrontEnd;
  private _tracker: INotebookTracker | null;
}

/**
 * Make a cell of a notebook the active one, in sight, with the cursor on a line of it.
 *
 * `line` counts from 1; where it is none, or the cell has no editor, the cell is all.
 */
async function goToLine(panel: NotebookPanel, cell: string, line: number): Promise<void> {
  const notebook = panel.content;
  const index = indexOf(panel, cell);
  if (index < 0) {
    return;
  }
  notebook.activeCellIndex = index;
  const found: Cell = notebook.widgets[index];
  await notebook.scrollToItem(index, 'smart');
  await found.ready;
  if (found.editor && found.model.type === 'code') {
    notebook.mode = 'edit';
    put(found.editor, line);
  }
}

function indexOf(panel: NotebookPanel, cell: string): number {
  const cells = panel.content.widgets;
  const byId = cells.findIndex(({ model }) => model.id === cell);
  if (byId >= 0 || !/^[0-9]{1,9}$/.test(cell)) {
    return byId;
  }
  const number = Number(cell);
  return cells.findIndex(({ model }) => 'executionCount' in model && model.executionCount === number);
}

function put(editor: Editor, line: number): void {
  if (Number.isInteger(line) && line > 0) {
    const position = { line: Math.min(line, editor.lineCount) - 1, column: 0 };
    editor.setCursorPosition(position);
    editor.revealPosition(position);
  }
  editor.focus();
}

/**
 * Return the path below the server's root of a file that a failure names, or null.
 *
 * What is relative is so to the notebook, in whose folder its kernel runs. Where
 * the root lies is known from the notebook: its own path, and that below the root.
 */
export function pathOf(file: string, run: IRun): string | null {
  if (!file || !run.path || !run.notebook.endsWith(`/${run.path}`)) {
    return null;
  }
  const root = run.notebook.slice(0, -run.path.length);
  const isAbsolute = file.startsWith('/');
  if (isAbsolute && !file.startsWith(root)) {
    return null;
  }
  const path = isAbsolute ? file.slice(root.length) : PathExt.join(PathExt.dirname(run.path), file);
  const parts = path.split('/');
  // A colon would name another drive of the contents, `<…>` is no file.
  const isStrange = /[\\:<>]/.test(path) || parts.some(part => part === '' || part === '.' || part === '..');
  return isStrange ? null : path;
}
