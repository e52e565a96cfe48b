/** The tab of the releases: what it says of each, and that nothing is begun before a yes. */
import React from 'react';

import { StoreError } from '../src/client';
import { Difference, isRollback } from '../src/difference';
import { Releases } from '../src/releases';
import { ago, faredOf, releasedOf, shortDigest } from '../src/releasewords';
import { Services } from '../src/services';
import type { IDifference } from '../src/tokens';
import { FakeReleases, listedOf, serviceOf, standingOf, TRANS } from './fixtures';

interface IRoot {
  render(element: JSX.Element): void;
  unmount(): void;
}

const { createRoot }: { createRoot(node: Element): IRoot } = jest.requireActual('react-dom/client');
const { flushSync }: { flushSync(work: () => void): void } = jest.requireActual('react-dom');

const OLD = '0199c5a2-0000-7000-8000-00000000000a';
const NEW = '0199c5a2-0000-7000-8000-00000000000b';
const DIFFERENCE: IDifference = {
  to: OLD,
  live: NEW,
  is_known: true,
  changes: [
    { name: 'digest', now: `sha256:${'1234'.repeat(16)}`, new: `sha256:${'5f0c'.repeat(16)}` },
    { name: 'env.MODE', now: '<b>fast</b>', new: '' }
  ],
  drift: ['port is 81, and was deployed as 80']
};

let roots: IRoot[] = [];

afterEach(() => {
  roots.forEach(root => root.unmount());
  roots = [];
  document.body.replaceChildren();
});

function draw(element: JSX.Element): HTMLElement {
  const node = document.body.appendChild(document.createElement('div'));
  const root = createRoot(node);
  roots.push(root);
  flushSync(() => root.render(element));
  return node;
}

async function later(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 30));
}

function button(node: Element, name: string): HTMLButtonElement {
  const all = Array.from(node.querySelectorAll('button'));
  const found = all.find(one => (one.getAttribute('aria-label') ?? one.textContent)?.includes(name));
  if (!found) {
    throw new Error(`no button ${name} among ${all.map(one => one.textContent)}`);
  }
  return found;
}

interface IShown {
  node: HTMLElement;
  followed: string[];
  asked: IDifference[];
}

async function tab(client: FakeReleases, yes = false): Promise<IShown> {
  const releases = new Releases(client);
  await releases.refresh().catch(() => undefined);
  await later();
  const followed: string[] = [];
  const follow = (runId: string) => void followed.push(runId);
  const asked: IDifference[] = [];
  const ask = async (_: unknown, difference: IDifference) => {
    asked.push(difference);
    return yes;
  };
  const element = () => <Services releases={releases} ask={ask} follow={follow} trans={TRANS} />;
  const node = draw(element());
  releases.changed.connect(() => flushSync(() => roots[0].render(element())));
  return { node, followed, asked };
}

function two(): FakeReleases {
  const client = new FakeReleases();
  const releases = [listedOf({ release_id: NEW }), listedOf({ release_id: OLD, by: '', why: 'slow', good: false })];
  client.all = [serviceOf({ live: NEW, releases })];
  client.standings = [standingOf({ release_id: NEW })];
  client.differences = [DIFFERENCE];
  return client;
}

describe('Services', () => {
  it('shows of each release its digest, notebook, who, verdict and why, and which is live', async () => {
    const { node } = await tab(two());
    const [first, second] = Array.from(node.querySelectorAll('li[data-release]'), item => item.textContent);
    expect(first).toMatch(/^0000000blive✓ passed its gate5f0c5f0c5f0cshop.ipynbby ann/);
    expect(second).toMatch(/^0000000a✗ deployed5f0c5f0c5f0cshop.ipynb.*slow/);
    expect(node.querySelector('h3')?.textContent).toBe('web on local');
    expect(node.querySelector('.jp-Autoexec-stand')?.textContent).toContain('0000000b is live and well');
  });

  it('names its buttons by what they do: back to what is older, again to the rest', async () => {
    const { node } = await tab(two());
    const names = Array.from(node.querySelectorAll('li button'), one => one.getAttribute('aria-label'));
    expect(names).toEqual([
      'Deploy again: release 0000000b',
      'Logs of release 0000000b',
      'Roll back to release 0000000a',
      'Logs of release 0000000a'
    ]);
  });

  it('begins nothing where a person does not say yes to what would change', async () => {
    const client = two();
    const { node, followed, asked } = await tab(client);
    button(node, 'Roll back').click();
    await later();
    expect(asked).toEqual([DIFFERENCE]);
    expect(client.asked.filter(one => one.startsWith('roll'))).toEqual([]);
    expect(followed).toEqual([]);
    expect(button(node, 'Roll back').disabled).toBe(false);
  });

  it('begins it after a yes, and shows its run', async () => {
    const client = two();
    const { node, followed } = await tab(client, true);
    button(node, 'Roll back').click();
    await later();
    expect(client.asked.slice(1)).toEqual([`difference web ${OLD}`, `roll back web ${OLD}`]);
    expect(followed).toEqual(['run-of-the-rollback']);
    expect(node.querySelector('[role=status]')?.textContent).toContain('it is shown below');
  });

  it('says why it cannot be said what would change, and asks nothing then', async () => {
    const client = two();
    client.differences = [new StoreError('docker is not there', '', 'dockerd &')];
    const { node, asked } = await tab(client, true);
    button(node, 'Roll back').click();
    await later();
    expect(node.querySelector('[role=alert]')?.textContent).toBe('docker is not there; to do: dockerd &');
    expect(asked).toEqual([]);
  });

  it('says what is not well, what somebody else changed, and what was left', async () => {
    const client = two();
    client.standings = [standingOf({ release_id: NEW, unwell: 'HTTP 503', drift: ['port is 81'] })];
    client.all[0].open = [
      { release_id: OLD, step: 'switch', at: 1, is_left: true },
      { release_id: NEW, step: 'gate', at: 1, is_left: false }
    ];
    const { node } = await tab(client);
    const said = node.querySelector('.jp-Autoexec-stand')?.textContent;
    expect(said).toContain('✗ 0000000b is live, not well: HTTP 503');
    expect(said).toContain('changed by somebody else: port is 81');
    expect(said).toContain('A deploy of release 0000000a was left at switch: %autoexec deploy web --resume');
    expect(said).toContain('Release 0000000b is being deployed: gate');
  });

  it('says what the record says where the platform does not', async () => {
    const client = two();
    client.standings = [new StoreError('no answer')];
    client.all[0].live = null;
    const { node } = await tab(client);
    const said = node.querySelector('.jp-Autoexec-stand')?.textContent;
    expect(said).toContain('The record does not know what is live.');
    expect(said).toContain('no answer');
  });

  it('shows the logs of a release, and hides them again', async () => {
    const { node } = await tab(two());
    button(node, 'Logs of release 0000000a').click();
    await later();
    expect(node.querySelector('pre')?.textContent).toBe('one\ntwo');
    expect(button(node, 'Logs of release 0000000a').getAttribute('aria-expanded')).toBe('true');
    button(node, 'Logs of release 0000000a').click();
    await later();
    expect(node.querySelector('pre')).toBeNull();
  });

  it('says where nothing was deployed', async () => {
    const client = new FakeReleases();
    client.all = [];
    const { node } = await tab(client);
    expect(node.textContent).toContain('Nothing was deployed yet.');
  });
});

describe('Difference', () => {
  it('shows each field, what somebody else changed, and takes nothing for markup', () => {
    const node = draw(<Difference difference={DIFFERENCE} trans={TRANS} />);
    const rows = Array.from(node.querySelectorAll('tbody tr'), row =>
      Array.from(row.children, cell => cell.textContent)
    );
    expect(rows).toEqual([
      ['digest', '123412341234…', '5f0c5f0c5f0c…'],
      ['env.MODE', '<b>fast</b>', '(none)']
    ]);
    expect(node.querySelector('caption')?.textContent).toBe('2 fields change');
    expect(node.querySelector('li')?.textContent).toBe('port is 81, and was deployed as 80');
  });

  it('says that nothing changes, or that all is new', () => {
    const same = draw(<Difference difference={{ ...DIFFERENCE, changes: [], drift: [] }} trans={TRANS} />);
    expect(same.textContent).toContain('All that it runs with is the same.');
    const strange = draw(<Difference difference={{ ...DIFFERENCE, live: '', is_known: false }} trans={TRANS} />);
    expect(strange.textContent).toContain('Nothing that was deployed from here is live now.');
    expect(strange.textContent).toContain('The record does not have what is live');
  });
});

describe('isRollback', () => {
  it.each([
    [OLD, NEW, true],
    [NEW, OLD, false],
    [NEW, NEW, false],
    [NEW, '', false],
    [NEW, null, false]
  ])('of %s where %s is live is %s', (release, live, is) => {
    expect(isRollback(release, live)).toBe(is);
  });
});

describe('words', () => {
  it.each([
    ['deployed', true, '✓ passed its gate'],
    ['rolled-back', false, '✗ rolled back'],
    ['unknown', false, '? unknown'],
    ['cancelled', false, '◼ cancelled'],
    ['danced', false, '✗ danced']
  ])('say how %s fared', (verdict, good, said) => {
    const { mark, word } = faredOf(listedOf({ verdict, good }), TRANS);
    expect(`${mark} ${word}`).toBe(said);
  });

  it.each([
    [0, '0 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [7_200_000, '2 h ago'],
    [2 * 86_400_000, '2 d ago'],
    [-5, '0 s ago']
  ])('say how long ago %i ms are', (ms, said) => {
    expect(ago(1_000_000_000_000 - ms, 1_000_000_000_000, TRANS)).toBe(said);
  });

  it('shorten a digest, and leave what is none', () => {
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
    expect(shortDigest('none')).toBe('none');
  });

  it('say what came of a deploy', () => {
    const release = {
      service: 'web', target: 'local', release_id: OLD, spec: { artifact: '', reference: '', digest: '' },
      place: '', started: 0, notebook: ''
    };
    const deployed = { release, code: 'deployed', is_good: true, why: '', run_id: '', at: 0 };
    expect(releasedOf({ deployed, address: 'http://here' }, TRANS)).toBe(
      '→ web is live on local at http://here, release 0000000a'
    );
    expect(releasedOf({ deployed: { ...deployed, code: 'rolled-back' }, address: '' }, TRANS)).toBe(
      '→ web on local: rolled-back'
    );
  });
});
