/** Why a run failed, in the panel: the same as the card in the cell says. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IDiagnosis } from '../src/events';
import { RunModel } from '../src/model';
import { Why } from '../src/why';

import { recorded, runOf } from './fixtures';

const TRANS = {
  __: (text: string, ...given: unknown[]) => text.replace(/%(\d)/g, (_, number) => `${given[number - 1]}`)
} as TranslationBundle;

const FOUND: IDiagnosis = {
  code: 'key-not-found',
  why: "the key 'plum' is not there",
  fix: "use .get('plum')",
  confidence: 'likely',
  where: 'In [3]:2',
  evidence: ['the keys are apple, pear', '<img src=x onerror=alert(1)>'],
  frame: { file: '', line: 2, cell: '3', cell_id: 'c', source: '', function: '' }
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

async function drawn(diagnosis: IDiagnosis, go: (() => Promise<void>) | null): Promise<HTMLElement> {
  const model = new RunModel(runOf());
  model.onEvents(recorded([{ kind: 'Diagnosed', diagnosis }]));
  const node = document.body.appendChild(document.createElement('div'));
  const root = createRoot(node);
  roots.push(root);
  root.render(<Why model={model} places={{ of: () => go }} copy={text => <button>{`Copy ${text}`}</button>} trans={TRANS} />);
  await until(() => node.querySelector('section') !== null);
  return node;
}

/** Let React draw until it shows what is looked for; jest has the limit. */
async function until(look: () => boolean): Promise<void> {
  while (!look()) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

describe('why', () => {
  it('says code, place, why, because and fix, as text', async () => {
    const node = await drawn(FOUND, null);
    const lines = Array.from(node.querySelectorAll('p')).map(line => line.textContent);
    expect(lines).toEqual([
      "key-not-found (likely) at In [3]:2: the key 'plum' is not there",
      'because: the keys are apple, pear',
      'because: <img src=x onerror=alert(1)>',
      "fix: use .get('plum') Copy use .get('plum')"
    ]);
    expect(node.querySelector('img, button.jp-Autoexec-place')).toBeNull();
  });

  it('has a button that goes to the place, and says why it could not', async () => {
    let went = 0;
    const node = await drawn(FOUND, async () => {
      if (++went > 1) {
        throw new Error('it does not exist');
      }
    });
    const button = node.querySelector<HTMLElement>('button.jp-Autoexec-place')!;
    expect(button.textContent).toBe('In [3]:2');
    button.click();
    expect(went).toBe(1);
    button.click();
    await until(() => node.querySelector('[role=alert]') !== null);
    expect(node.querySelector('[role=alert]')!.textContent).toContain('it does not exist');
  });

  it('draws what an older writer knew', async () => {
    const { code, why, fix, confidence, where } = FOUND;
    const node = await drawn({ code, why, fix, confidence, where }, null);
    expect(node.querySelectorAll('.jp-Autoexec-because')).toHaveLength(0);
  });
});
