/**
 * The runs of a sweep: how many came to what, those that did not pass, and the
 * output of each in lines with its name.
 */
import type { Event, Stream, Verdict } from './events';

/** Rows of the table; of more it says how many there are. */
export const ROWS = 50;

export interface IChild {
  child: string;
  verdict: Verdict;
  seconds: number;
  code: string;
  why: string;
}

/** `counts` are those that have ended, by verdict; `bad` the first that did not pass, in the order they ended. */
export interface IChildren {
  total: number;
  running: number;
  counts: { [verdict: string]: number };
  bad: IChild[];
  more: number;
}

const NONE: IChildren = { total: 0, running: 0, counts: {}, bad: [], more: 0 };

/** Return how the runs stand after an event of theirs. */
export function withChild(
  children: IChildren | null,
  event: Event & { kind: 'ChildStarted' | 'ChildFinished' }
): IChildren {
  const before = children ?? NONE;
  if (event.kind === 'ChildStarted') {
    return { ...before, total: event.total, running: before.running + 1 };
  }
  const { child, verdict, seconds } = event;
  const counts = { ...before.counts, [verdict]: (before.counts[verdict] ?? 0) + 1 };
  const after = { ...before, counts, running: Math.max(0, before.running - 1) };
  if (verdict === 'passed' || verdict === 'cancelled') {
    return after;
  }
  if (before.bad.length >= ROWS) {
    return { ...after, more: before.more + 1 };
  }
  const { code, why } = event;
  return { ...after, bad: [...before.bad, { child, verdict, seconds, code: code ?? '', why: why ?? '' }] };
}

/** Puts what several children write at the same time into lines with their names. */
export class Labelled {
  /** Return the lines that are whole by now. */
  feed(child: string, stream: Stream, text: string): string {
    const key = `${child}\0${stream}`;
    const lines = ((this._open.get(key) ?? '') + text).split('\n');
    this._open.set(key, lines.pop() ?? '');
    return lines.map(line => labelled(child, line)).join('');
  }

  /** Return what a child that has ended left without an end. */
  rest(child: string): string {
    let text = '';
    for (const stream of ['stdout', 'stderr']) {
      const key = `${child}\0${stream}`;
      const begun = this._open.get(key);
      this._open.delete(key);
      text += begun ? labelled(child, begun) : '';
    }
    return text;
  }

  private _open = new Map<string, string>();
}

function labelled(child: string, line: string): string {
  // A line that was rewritten is as it was in the end; one that ends in \r\n is not one.
  const shown = line.replace(/\r$/, '').split('\r').pop() ?? '';
  return `[${child}] ${shown}\n`;
}
