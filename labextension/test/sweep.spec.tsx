/** The runs of a sweep as a table: counts, and those that did not pass. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IChildren } from '../src/children';
import { Sweep } from '../src/sweep';

const TRANS = {
  __: (text: string, ...given: unknown[]) => text.replace(/%(\d)/g, (_, number) => `${given[number - 1]}`)
} as TranslationBundle;

const SOME: IChildren = {
  total: 9,
  running: 2,
  counts: { passed: 4, failed: 1 },
  bad: [{ child: 'a=<b>', verdict: 'failed', seconds: 1.5, code: 'script-failed', why: '<i>why</i>' }],
  more: 3
};

interface IRoot {
  render(element: JSX.Element): void;
  unmount(): void;
}

/** They come with JupyterLab's own packages; their types do not. */
const { createRoot }: { createRoot(node: Element): IRoot } = jest.requireActual('react-dom/client');
const { flushSync }: { flushSync(work: () => void): void } = jest.requireActual('react-dom');

function shown(children: IChildren, isOver: boolean): HTMLElement {
  const node = document.createElement('div');
  const root = createRoot(node);
  flushSync(() => root.render(<Sweep children={children} isOver={isOver} trans={TRANS} />));
  return node;
}

describe('Sweep', () => {
  it('says how all stand while they run', () => {
    expect(shown(SOME, false).textContent).toContain('9 runs: 4 passed, 1 failed, 2 running, 2 to come');
  });

  it('says what was not run when it is over', () => {
    const text = shown({ ...SOME, running: 0 }, true).textContent;
    expect(text).toContain('9 runs: 4 passed, 1 failed, 4 not run');
    expect(text).toContain('and 3 more that did not pass');
  });

  it('has a row for each that did not pass, as text', () => {
    const node = shown(SOME, true);
    expect(Array.from(node.querySelectorAll('tbody th'), cell => cell.textContent)).toEqual(['a=<b>']);
    expect(node.querySelector('tbody')?.textContent).toContain('<i>why</i>');
    expect(node.querySelector('tbody i')).toBeNull();
  });

  it('has no table where all passed', () => {
    expect(shown({ ...SOME, bad: [], more: 0 }, true).querySelector('table')).toBeNull();
  });
});
