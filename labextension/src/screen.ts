/**
 * What a terminal would show in the end: lines that were rewritten, once. The
 * twin of `autoexec_magic/screen.py`; `tests/data/screens.jsonl` is read by the
 * tests of both. Colours are left out.
 */

/** How many lines the cursor reaches up. */
const HEIGHT = 50;
const COLUMNS = 16_384;
/** The cursor goes no further than this or the text. */
const MARGIN = 1_000;
const TOKEN =
  /([^\n\r\x08\x1b]+)|\n|\r|\x08|\x1b\[([0-9;:]{0,64})([A-HJKdf])|\x1b(?:\[[0-?]*[ -/]*[@-~]?)?/g;

/** Return the lines of `text` as a terminal shows them when all of it was written. */
export function collapsed(text: string): string[] {
  const screen = new Screen();
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    screen.take(token);
  }
  return screen.lines.map(cells => cells.join(''));
}

class Screen {
  readonly lines: string[][] = [[]];

  take([token, text, numbers, final]: RegExpExecArray): void {
    if (text !== undefined) {
      this._write(text);
    } else if (token === '\n') {
      this._newline();
    } else if (token === '\r') {
      this._column = 0;
    } else if (token === '\b') {
      this._column = Math.max(0, this._column - 1);
    } else if (final !== undefined) {
      const [first, second] = numbers.split(/[;:]/).map(Number);
      this._move(final, first, second ?? 0);
    }
  }

  private get _top(): number {
    return Math.max(0, this.lines.length - HEIGHT);
  }

  private _write(text: string): void {
    const line = this.lines[this._row];
    while (line.length < this._column) {
      line.push(' ');
    }
    for (const character of text) {
      line[this._column] = character;
      this._column += 1;
    }
  }

  private _newline(): void {
    this._row += 1;
    this._column = 0;
    if (this._row === this.lines.length) {
      this.lines.push([]);
    }
  }

  private _move(final: string, first: number, second: number): void {
    const by = Math.max(1, first);
    switch (final) {
      case 'A':
      case 'F':
        this._to(this._row - by, final === 'F' ? 0 : this._column);
        break;
      case 'B':
      case 'E':
        this._to(this._row + by, final === 'E' ? 0 : this._column);
        break;
      case 'C':
        this._to(this._row, this._column + by);
        break;
      case 'D':
        this._to(this._row, this._column - by);
        break;
      case 'G':
        this._to(this._row, first - 1);
        break;
      case 'd':
        this._to(this._top + first - 1, this._column);
        break;
      case 'H':
      case 'f':
        this._to(this._top + first - 1, second - 1);
        break;
      case 'K':
        this._eraseLine(first);
        break;
      case 'J':
        this._eraseScreen(first);
        break;
    }
  }

  private _to(row: number, column: number): void {
    this._row = Math.min(Math.max(this._top, row), this.lines.length - 1);
    const end = Math.max(this.lines[this._row].length, MARGIN);
    this._column = Math.min(Math.max(0, column), end, COLUMNS);
  }

  private _eraseLine(what: number): void {
    const line = this.lines[this._row];
    if (what === 0) {
      line.splice(this._column);
    } else if (what === 1) {
      line.fill(' ', 0, this._column + 1);
    } else {
      line.length = 0;
    }
  }

  private _eraseScreen(what: number): void {
    if (what === 0) {
      this._eraseLine(0);
      this.lines.splice(this._row + 1);
      return;
    }
    const end = what === 1 ? this._row : this.lines.length;
    for (let row = this._top; row < end; row++) {
      this.lines[row].length = 0;
    }
    this._eraseLine(Math.min(what, 2));
  }

  private _row = 0;
  private _column = 0;
}
