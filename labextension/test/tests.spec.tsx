/** The tests of a run in the panel: a tree that is drawn in part, reached with keys, and what is said of one test. */
import React from 'react';

import { common } from '../src/case';
import type { Event } from '../src/events';
import { RunModel } from '../src/model';
import { Tests, type ILook } from '../src/tests';

import { causes, ended, recorded, runOf, TRANS } from './fixtures';

interface IRoot {
  render(element: JSX.Element): void;
  unmount(): void;
}

/** They come with JupyterLab's own packages; their types do not. */
const { createRoot }: { createRoot(node: Element): IRoot } = jest.requireActual('react-dom/client');
const { flushSync }: { flushSync(work: () => void): void } = jest.requireActual('react-dom');

let roots: IRoot[] = [];

afterEach(() => {
  roots.forEach(root => root.unmount());
  roots = [];
  document.body.replaceChildren();
});

const START: Event = { kind: 'RunStarted', verb: 'test', title: 'pytest', cage: 'workspace' };
const END: Event = { kind: 'RunFinished', verdict: 'failed', seconds: 1, why: 'w', fix: 'f' };
const FAILURE = {
  cls: 'product',
  confidence: 'likely',
  why: 'it is <b>not</b> so',
  fix: 'look at half()',
  file: 'b.py',
  line: 7,
  source: 'assert half(2) == 2',
  op: '==',
  left: "{'a': 1, 'b': 2}",
  right: "{'a': 1, 'b': 3}",
  text: '>   assert\n\x1b[31mE   assert 1 == 2\x1b[0m',
  stdout: 'said\n',
  stderr: 'cried\n',
  cause: 'c1'
};
const SOME: Event[] = [
  START,
  { kind: 'CasesCollected', count: 4, seconds: 0 },
  ended('a.py::test_apple'),
  ended('b.py::test_bad[1]', 'failed', { message: 'assert 1 == 2', seconds: 0.5, failure: FAILURE }),
  ended('b.py::test_fine'),
  ended('b.py::test_worse', 'error', { failure: { phase: 'setup', why: 'no db', cause: 'c1' } })
];

interface IDrawn {
  node: HTMLElement;
  model: RunModel;
  look: ILook;
  /** Hand events on, and wait until they are drawn. */
  add: (...events: Event[]) => Promise<void>;
}

async function drawn(events: Event[], look: ILook = { filter: 'all', text: '' }): Promise<IDrawn> {
  const model = new RunModel(runOf({ verb: 'test' }));
  model.onEvents(recorded(events));
  const node = document.body.appendChild(document.createElement('div'));
  const root = createRoot(node);
  roots.push(root);
  const copy = (text: string, label?: string) => <button data-copied={text}>{label}</button>;
  const places = { of: (_: unknown, frame: { line: number } | null | undefined) => (frame?.line ? went : null) };
  flushSync(() =>
    root.render(<Tests model={model} look={look} places={places} copy={copy} trans={TRANS} />)
  );
  const add = async (...more: Event[]) => {
    model.onEvents(recorded(more, model.last + 1));
    await later();
  };
  await later();
  return { node, model, look, add };
}

let goes = 0;
async function went(): Promise<void> {
  goes += 1;
}

/** Longer than the view waits between two drawings. */
function later(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 150));
}

function items(node: HTMLElement): HTMLElement[] {
  return Array.from(node.querySelectorAll<HTMLElement>('[role=treeitem]'));
}

function names(node: HTMLElement): string[] {
  return items(node).map(item => item.querySelector('.jp-Autoexec-name')?.firstChild?.textContent ?? '');
}

function press(key: string): void {
  flushSync(() => document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })));
}

function click(node: HTMLElement, selector: string, words = ''): void {
  const found = Array.from(node.querySelectorAll<HTMLElement>(selector)).find(item => item.textContent?.includes(words));
  flushSync(() => found?.dispatchEvent(new MouseEvent('click', { bubbles: true, detail: 1 })));
}

function type(node: HTMLElement, text: string): void {
  const input = node.querySelector('input')!;
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
  flushSync(() => {
    set?.call(input, text);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

describe('tests', () => {
  it('says how far they have got, and how they ended', async () => {
    const { node, add } = await drawn(SOME.slice(0, 4));
    expect(node.querySelector('.jp-Autoexec-progress p')?.textContent).toMatch(/^2 of 4 done, 1 failed/);
    expect(node.querySelector('progress')).toMatchObject({ max: 4, value: 2 });
    expect(node.querySelector('[data-copied]')).toBeNull();
    await add(...SOME.slice(4), END);
    expect(node.querySelector('.jp-Autoexec-progress p')?.textContent).toBe('1 failed, 1 error, 2 passed');
    expect(node.querySelector('[data-copied]')?.getAttribute('data-copied')).toBe('%autoexec test --lf');
  });

  it('says that it looks for tests, and nothing where there are none', async () => {
    const { node, add } = await drawn([START]);
    expect(node.textContent).toBe('Looking for tests…');
    await add(END);
    expect(node.textContent).toBe('');
  });

  it('shows those that failed first, and says in words how each stands', async () => {
    const { node } = await drawn(SOME);
    expect(names(node)).toEqual(['b.py', 'test_bad[1]', 'test_worse', 'test_fine', 'a.py']);
    expect(items(node)[1].textContent).toBe('✗ failedtest_bad[1] assert 1 == 20.50 s');
    expect(items(node)[0].getAttribute('aria-expanded')).toBe('true');
    expect(items(node)[4].getAttribute('aria-expanded')).toBe('false');
    expect(items(node)[2].getAttribute('aria-posinset')).toBe('2');
    expect(items(node)[2].getAttribute('aria-setsize')).toBe('3');
  });

  it('draws what is in sight of 20,000, and still the row that has the focus', async () => {
    const many = Array.from({ length: 20_000 }, (_, n) => ended(`a.py::test_${n}`));
    const { node } = await drawn([START, ...many]);
    expect(items(node).length).toBeLessThan(60);
    items(node)[1].focus();
    press('End');
    const last = document.activeElement;
    expect(last?.getAttribute('aria-posinset')).toBe('20000');
    const tree = node.querySelector<HTMLElement>('[role=tree]')!;
    tree.scrollTop = 0;
    flushSync(() => tree.dispatchEvent(new Event('scroll', { bubbles: true })));
    expect(document.activeElement).toBe(last);
    expect(items(node).length).toBeLessThan(60);
    press('Home');
    expect(document.activeElement).toBe(items(node)[0]);
  });

  it('walks with the arrows, opens, closes, and finds by what is typed', async () => {
    const { node } = await drawn(SOME);
    expect(items(node).map(item => item.tabIndex)).toEqual([0, -1, -1, -1, -1]);
    items(node)[0].focus();
    press('ArrowRight');
    expect(document.activeElement).toBe(items(node)[1]);
    expect(items(node).map(item => item.tabIndex)).toEqual([-1, 0, -1, -1, -1]);
    press('ArrowLeft');
    press('ArrowLeft');
    expect(names(node)).toEqual(['b.py', 'a.py']);
    press('ArrowDown');
    press('Enter');
    expect(names(node)).toEqual(['b.py', 'a.py', 'test_apple']);
    press('ArrowUp');
    press('ArrowUp');
    press('ArrowRight');
    press('w');
    expect(document.activeElement).toBe(items(node)[2]);
    expect(names(node)[2]).toBe('test_worse');
  });

  it('keeps the focus on its row when tests come, and gives it to nobody who has it not', async () => {
    const { node, add } = await drawn(SOME);
    flushSync(() => items(node)[4].focus());
    press('ArrowUp');
    const row = document.activeElement;
    expect(row?.textContent).toContain('test_fine');
    await add(ended('a.py::test_new', 'failed'), ended('b.py::test_other', 'failed'));
    expect(document.activeElement).toBe(row);
    node.querySelector('input')?.focus();
    await add(ended('0.py::test', 'failed'));
    expect(document.activeElement).toBe(node.querySelector('input'));
  });

  it('gives the focus to the row beside, where the one that had it is gone', async () => {
    const { node, add } = await drawn(SOME, { filter: 'failed', text: '' });
    flushSync(() => items(node)[2].focus());
    expect(document.activeElement?.textContent).toContain('test_worse');
    await add(ended('b.py::test_worse'));
    expect(names(node)).toEqual(['b.py', 'test_bad[1]']);
    expect(document.activeElement).toBe(items(node)[1]);
  });

  it('leaves what is looked at where it is when failures come above it', async () => {
    const many = Array.from({ length: 100 }, (_, n) => ended(`b.py::test_${n}`, 'failed'));
    const { node, add } = await drawn([START, ...many, ended('a.py::test')]);
    const tree = node.querySelector<HTMLElement>('[role=tree]')!;
    tree.scrollTop = 50 * 24 + 5;
    flushSync(() => tree.dispatchEvent(new Event('scroll', { bubbles: true })));
    await add(ended('b.py::test_0'), ended('b.py::test_new', 'failed'));
    expect(tree.scrollTop).toBe(49 * 24 + 5); // one above has gone down, to those that pass
    tree.scrollTop = 0;
    flushSync(() => tree.dispatchEvent(new Event('scroll', { bubbles: true })));
    await add(ended('b.py::test_1'));
    expect(tree.scrollTop).toBe(0);
  });

  it('keeps the filter and the text, whatever else is chosen, for the next run, too', async () => {
    const { node, look } = await drawn(SOME);
    type(node, 'bad');
    click(node, 'button', 'Failed');
    expect(names(node)).toEqual(['b.py', 'test_bad[1]']);
    click(node, 'button', 'Slow');
    expect(names(node)).toEqual(['b.py::test_bad[1]']);
    click(node, 'button', 'All');
    expect(node.querySelector('input')?.value).toBe('bad');
    expect(look).toMatchObject({ filter: 'all', text: 'bad' });
    const next = await drawn(SOME, look);
    expect(names(next.node)).toEqual(['b.py', 'test_bad[1]']);
    type(next.node, 'nothing has this');
    expect(next.node.textContent).toContain('None of 4 tests fits.');
    click(next.node, 'button', 'Show all');
    expect(names(next.node)).toHaveLength(5);
  });

  it('says all that is known of a test, as text', async () => {
    const { node } = await drawn([...SOME, END]);
    click(node, '[role=treeitem]', 'test_bad');
    const found = node.querySelector('.jp-Autoexec-case')!;
    const lines = Array.from(found.querySelectorAll(':scope > p')).map(line => line.textContent);
    expect(lines).toEqual([
      'b.py::test_bad[1] Copy the command',
      'product (likely): it is <b>not</b> so',
      'fix: look at half() Copy the fix',
      'at b.py:7 assert half(2) == 2',
      'stdout',
      'stderr'
    ]);
    expect(Array.from(found.querySelectorAll('[data-copied]'), item => item.getAttribute('data-copied'))).toEqual([
      "%autoexec test 'b.py::test_bad[1]'",
      'look at half()'
    ]);
    expect(Array.from(found.querySelectorAll('tr'), row => row.textContent)).toEqual([
      ` left${FAILURE.left}`,
      `== right${FAILURE.right}`
    ]);
    expect(Array.from(found.querySelectorAll('td b'), mark => mark.textContent)).toEqual(['2', '3']);
    expect(found.querySelector('pre')?.textContent).toBe('>   assert\nE   assert 1 == 2\n');
    expect(found.querySelector('[data-line=error]')?.textContent).toBe('E   assert 1 == 2\n');
    goes = 0;
    click(node, '.jp-Autoexec-case .jp-Autoexec-place');
    expect(goes).toBe(1);
    expect(items(node)[1].getAttribute('aria-selected')).toBe('true');
  });

  it('goes from failure to failure, and back to the tree with Escape', async () => {
    const { node } = await drawn([...SOME, END]);
    items(node)[0].focus();
    press('ArrowDown');
    press('Enter');
    await later();
    expect(document.activeElement?.className).toBe('jp-Autoexec-case');
    expect(node.querySelector('.jp-Autoexec-case')?.textContent).toContain('1 of 2');
    click(node, '.jp-Autoexec-case button', '↓');
    expect(node.querySelector('.jp-Autoexec-case')?.getAttribute('aria-label')).toBe('Test b.py::test_worse');
    expect(node.querySelector('.jp-Autoexec-case h4')?.textContent).toBe('! error · in setup');
    node.querySelector<HTMLElement>('.jp-Autoexec-case')?.focus();
    press('Escape');
    expect(node.querySelector('.jp-Autoexec-case')).toBeNull();
    expect(document.activeElement?.textContent).toContain('test_worse');
  });

  it('says what the failures have in common, and shows the tests of a cause alone', async () => {
    const { node } = await drawn([...SOME, causes(['c1', 2, []], ['c2', 1, ['a.py::test_apple']]), END]);
    const section = node.querySelector('.jp-Autoexec-causes')!;
    expect(section.querySelector('p')?.textContent).toBe('3 failures, 2 causes');
    const [first] = Array.from(section.querySelectorAll('details'));
    expect(first.querySelector('summary')?.textContent).toBe('2 × product (likely) at x.py:1: what c1');
    expect(first.querySelector('ul')).toBeNull();
    first.open = true;
    await later();
    expect(Array.from(first.querySelectorAll('li'), item => item.textContent)).toEqual([
      'b.py::test_bad[1]',
      'b.py::test_worse'
    ]);
    click(node, 'details button', 'Only these tests');
    expect(names(node)).toEqual(['b.py', 'test_bad[1]', 'test_worse']);
    click(node, 'details button', 'test_worse');
    expect(node.querySelector('.jp-Autoexec-case')?.getAttribute('aria-label')).toBe('Test b.py::test_worse');
  });

  it('draws no more than ten times a second, however fast tests come', async () => {
    const { node, model } = await drawn([START]);
    let draws = 0;
    const watch = new MutationObserver(() => (draws += 1));
    watch.observe(node, { childList: true, subtree: true, characterData: true });
    for (let turn = 0; turn < 40; turn++) {
      model.onEvents(recorded([ended(`a.py::test_${turn}`)], model.last + 1));
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    await later();
    watch.disconnect();
    expect(names(node)).toHaveLength(items(node).length);
    expect(node.textContent).toContain('All 40');
    expect(draws).toBeLessThan(12);
  });
});

describe('common', () => {
  it.each([
    ['abc', 'abd', [2, 0]],
    ['[1, 2, 3]', '[1, 20, 3]', [5, 4]],
    ['aa', 'aaa', [2, 0]],
    ['same', 'same', [0, 0]],
    ['', 'x', [0, 0]],
    ['👋x', '👌x', [0, 1]],
    ['a𝟙', 'b🍙', [0, 0]]
  ])('never cuts a character: %s and %s', (left, right, found) => {
    expect(common(left, right)).toEqual(found);
  });
});
