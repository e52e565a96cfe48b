/** A question as a card: what may be chosen, and a button for each answer. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IChoice } from '../src/events';
import type { IQuestion } from '../src/model';
import { Question } from '../src/question';

const TRANS = {
  __: (text: string, ...given: unknown[]) => text.replace(/%(\d)/g, (_, number) => `${given[number - 1]}`)
} as TranslationBundle;

const FIRST: IChoice = {
  answer: 'opencv-python',
  label: 'opencv-python 4.10.0',
  lines: ['says of itself: Wrapper for OpenCV.', '59 releases fit this Python'],
  fix: '%autoexec install opencv-python --yes',
  proved: true,
  why_not: ''
};
const SECOND: IChoice = { ...FIRST, answer: 'opencv-python-headless', label: 'headless', fix: 'second' };
const BARRED: IChoice = { ...FIRST, answer: 'cv2', label: 'cv2', proved: null, why_not: 'there is no wheel', fix: '' };
const WHICH: IQuestion = {
  question: 'q1',
  text: 'install which ?',
  evidence: ['two hold cv2'],
  answers: ['opencv-python', 'opencv-python-headless', 'no'],
  place: 'panel',
  choices: [FIRST, SECOND, BARRED]
};

interface IRoot {
  render(element: JSX.Element): void;
  unmount(): void;
}

/** It comes with JupyterLab's own packages; its types do not. */
const { createRoot }: { createRoot(node: Element): IRoot } = jest.requireActual('react-dom/client');

let roots: IRoot[] = [];

afterEach(() => {
  roots.forEach(root => root.unmount());
  roots = [];
  document.body.replaceChildren();
});

/** Let React draw until it shows what is looked for; jest has the limit. */
async function until(look: () => boolean): Promise<void> {
  while (!look()) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

async function drawn(
  question: IQuestion,
  give: (answer: string) => Promise<void> = async () => undefined
): Promise<HTMLElement> {
  const node = document.body.appendChild(document.createElement('div'));
  const root = createRoot(node);
  roots.push(root);
  root.render(<Question question={question} give={give} trans={TRANS} />);
  await until(() => node.querySelector('section') !== null);
  return node;
}

function buttons(node: HTMLElement): HTMLButtonElement[] {
  return Array.from(node.querySelectorAll('button'));
}

describe('Question', () => {
  it('draws a block for each choice, with its lines, its proof in words and its own button', async () => {
    const node = await drawn(WHICH);
    expect(node.querySelector('[role=alert] h4')?.textContent).toBe('install which ?');
    const blocks = Array.from(node.querySelectorAll('[role=group]'));
    expect(blocks.map(block => block.querySelector('p')?.textContent)).toEqual([
      '✓ proved',
      '✓ proved',
      '? not proved: there is no wheel'
    ]);
    expect(Array.from(blocks[0].querySelectorAll('li')).map(line => line.textContent)).toEqual(FIRST.lines);
    for (const block of blocks) {
      const name = document.getElementById(block.getAttribute('aria-labelledby') ?? '');
      expect(name?.textContent).toBe(block.querySelector('h5')?.textContent);
      expect(block.querySelectorAll('button')).toHaveLength(1);
    }
    expect(buttons(node).map(button => button.textContent)).toEqual([
      'Choose opencv-python',
      'Choose opencv-python-headless',
      'Choose cv2',
      'No'
    ]);
    expect(buttons(node)[0].title).toBe('%autoexec install opencv-python --yes');
  });

  it('lets nobody choose what was not proved, and says why', async () => {
    const given: string[] = [];
    const node = await drawn(WHICH, async answer => void given.push(answer));
    const barred = buttons(node)[2];
    expect([barred.disabled, barred.title]).toEqual([true, 'there is no wheel']);
    barred.click();
    expect(given).toEqual([]);
  });

  it('gives the word of the choice that is clicked, once', async () => {
    const given: string[] = [];
    const node = await drawn(WHICH, async answer => void given.push(answer));
    buttons(node)[1].click();
    await until(() => buttons(node).every(button => button.disabled));
    buttons(node)[0].click();
    expect(given).toEqual(['opencv-python-headless']);
  });

  it('says why an answer did not count, and can be answered again', async () => {
    const node = await drawn(WHICH, () => Promise.reject(new Error('it has its answer already')));
    buttons(node)[0].click();
    await until(() => node.textContent?.includes('it has its answer already') ?? false);
    expect(buttons(node)[0].disabled).toBe(false);
  });

  it('has no button where the prompt asks, and shows the choices all the same', async () => {
    const node = await drawn({ ...WHICH, place: 'prompt' });
    expect(buttons(node)).toEqual([]);
    expect(node.querySelectorAll('[role=group]')).toHaveLength(3);
    expect(node.textContent).toContain('answer there');
  });

  it('draws a question without choices as it always did', async () => {
    const node = await drawn({ ...WHICH, answers: ['yes', 'always', 'no'], choices: [] });
    expect(node.querySelectorAll('[role=group]')).toHaveLength(0);
    expect(buttons(node).map(button => button.textContent)).toEqual(['Run once', 'Always for this project', 'No']);
  });

  it('shows a change as the lines it is made of, blanks and signs kept, and the rest as a list', async () => {
    const change = ['--- a/s.py', '+++ b/s.py', '@@ -1,3 +1,3 @@', ' def f():', '-    retrun 1', '+    return 1', '--- not a name', ' '];
    const evidence = ['first', ...change, 'look: it uses <b>os</b>'];
    const node = await drawn({ ...WHICH, evidence, answers: ['yes', 'no'], choices: [] });
    const shown = node.querySelector('pre.jp-Autoexec-patch');
    expect(shown?.textContent).toBe(change.map(line => `${line}\n`).join(''));
    const kinds = Array.from(shown?.querySelectorAll('span') ?? []).map(line => line.dataset.line);
    expect(kinds).toEqual(['name', 'name', 'place', undefined, 'out', 'in', 'out', undefined]);
    expect(Array.from(node.querySelectorAll('li')).map(line => line.textContent)).toEqual([
      'first',
      'look: it uses <b>os</b>'
    ]);
  });

  it('takes no list for a change that only looks a little like one', async () => {
    const evidence = ['--- a', '+ b', '- c'];
    const node = await drawn({ ...WHICH, evidence, choices: [] });
    expect(node.querySelector('pre')).toBeNull();
    expect(node.querySelectorAll('li')).toHaveLength(3);
  });
});
