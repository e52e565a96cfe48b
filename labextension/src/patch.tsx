/**
 * A change of a source as a person reads it: a unified diff, its blanks kept, each line known by its sign.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

const KINDS: Record<string, string> = { '-': 'out', '+': 'in', '@': 'place' };

/** What stands before a diff, the diff, and what stands behind it; the diff is empty where there is none. */
export function split(lines: string[]): [string[], string[], string[]] {
  const start = lines.findIndex(
    (line, at) => line.startsWith('--- ') && lines[at + 1]?.startsWith('+++ ') && lines[at + 2]?.startsWith('@@')
  );
  if (start < 0) {
    return [lines, [], []];
  }
  const rest = lines.slice(start);
  const count = rest.findIndex(line => !/^([-+ @\\]|$)/.test(line));
  const end = count < 0 ? lines.length : start + count;
  return [lines.slice(0, start), lines.slice(start, end), lines.slice(end)];
}

export function Patch(props: { lines: string[]; trans: TranslationBundle }): JSX.Element | null {
  const { lines, trans } = props;
  if (lines.length === 0) {
    return null;
  }
  // A box that scrolls is reached with the tab key; without a name it would be read out as nothing.
  return (
    <pre className="jp-Autoexec-patch" role="region" aria-label={trans.__('The change')} tabIndex={0}>
      {lines.map((line, index) => (
        <span key={index} data-line={index < 2 ? 'name' : KINDS[line[0]]}>
          {`${line}\n`}
        </span>
      ))}
    </pre>
  );
}
