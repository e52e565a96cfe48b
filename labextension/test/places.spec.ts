/** Where a failure is, and what goes there: the cursor, and nothing else. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';

import type { IFrame } from '../src/events';
import { pathOf, Places } from '../src/places';

import { runOf, settle } from './fixtures';

const RUN = runOf({ notebook: '/srv/lab/desk/a.ipynb', path: 'desk/a.ipynb' });
const FRAME: IFrame = { file: '', line: 2, cell: '', cell_id: '', source: '', function: '' };

/** A notebook with cells of three lines, an app with one file, and what is done to them. */
function given() {
  const done: string[] = [];
  const editor = {
    lineCount: 3,
    setCursorPosition: ({ line }: { line: number }) => done.push(`cursor ${line}`),
    revealPosition: () => undefined,
    focus: () => done.push('focus')
  };
  const cell = (id: string, executionCount: number) => ({
    model: { id, type: 'code', executionCount },
    editor,
    ready: Promise.resolve()
  });
  const node = document.body.appendChild(document.createElement('div'));
  const content = {
    node,
    widgets: [cell('one', 5), cell('7', 6), cell('three', 7)],
    activeCellIndex: 2,
    mode: 'command',
    scrollToItem: async (index: number) => done.push(`scroll ${index}`)
  };
  const panel = { id: 'p', content, context: { path: 'desk/a.ipynb', ready: Promise.resolve() } };
  const tracker = {
    currentWidget: panel,
    find: (test: (item: typeof panel) => boolean) => (test(panel) ? panel : undefined)
  };
  const app = {
    serviceManager: {
      contents: {
        localPath: (path: string) => path,
        get: async (path: string) => {
          if (path !== 'desk/b.py') {
            throw new Error(`${path} does not exist`);
          }
        }
      }
    },
    commands: {
      execute: async (id: string, args: { path: string }) => {
        done.push(`${id} ${args.path}`);
        return { context: { ready: Promise.resolve() }, content: { editor } };
      }
    },
    shell: { activateById: (id: string) => done.push(`activate ${id}`) }
  };
  const places = new Places(app as unknown as JupyterFrontEnd, tracker as unknown as INotebookTracker);
  return { places, content, done, node };
}

afterEach(() => document.body.replaceChildren());

describe('the path of a file', () => {
  it.each([
    ['/srv/lab/desk/b.py', 'desk/b.py'], ['/srv/lab/c.py', 'c.py'], ['b.py', 'desk/b.py'], ['src/b.py', 'desk/src/b.py']
  ])('%s lies in the root: %s', (file, path) => {
    expect(pathOf(file, RUN)).toBe(path);
  });

  it.each([
    '/etc/passwd', '/srv/lab/../etc/passwd', '/srv/labour/x.py', '/srv/lab//etc/passwd', '../../x.py', '<string>', 'RTC:x.py',
    '..\\x.py', '', '/srv/lab/', '/'
  ])('%s does not', file => {
    expect(pathOf(file, RUN)).toBeNull();
  });

  it('is not known without the root', () => {
    expect(pathOf('b.py', runOf({ path: '', notebook: '/srv/lab/desk/a.ipynb' }))).toBeNull();
    expect(pathOf('/b.py', runOf({ path: 'a.ipynb', notebook: '' }))).toBeNull();
  });
});

describe('places', () => {
  it('has no way where nothing is known', () => {
    const { places } = given();
    expect(places.of(RUN, null)).toBeNull();
    expect(places.of(RUN, FRAME)).toBeNull();
    expect(places.of(runOf(), { ...FRAME, cell_id: 'one' })).toBeNull();
  });

  it('goes to the line of a cell, by its id before its number', async () => {
    const { places, content, done } = given();
    await places.of(RUN, { ...FRAME, cell: '5', cell_id: '7' })!();
    expect([content.activeCellIndex, content.mode]).toEqual([1, 'edit']);
    expect(done).toEqual(['activate p', 'scroll 1', 'cursor 1', 'focus']);
    await places.of(RUN, { ...FRAME, cell: '5' })!();
    expect(content.activeCellIndex).toBe(0);
  });

  it('opens a file at the line', async () => {
    const { places, done } = given();
    await places.of(RUN, { ...FRAME, file: 'b.py' })!();
    expect(done).toEqual(['docmanager:open desk/b.py', 'cursor 1', 'focus']);
  });

  it('opens no file that is not there', async () => {
    const { places, done } = given();
    await expect(places.of(RUN, { ...FRAME, file: 'script.py' })!()).rejects.toThrow('desk/script.py');
    expect(done).toEqual([]);
  });

  it.each([
    ['three', 99, ['scroll 2', 'cursor 2', 'focus']], ['three', -1, ['scroll 2', 'focus']],
    ['three', NaN, ['scroll 2', 'focus']], ['three', 1.5, ['scroll 2', 'focus']], ['no such', 1, []], ['', 1, []],
    ['[object Object]', 1, []], ['__proto__', 1, []]
  ])('takes any arguments: %s, %d', async (cell, line, want) => {
    const { places, done } = given();
    await places.inFront(cell, line);
    expect(done).toEqual(want);
  });
});

describe('the link of a card', () => {
  const click = async (html: string, options: MouseEventInit = {}) => {
    const { places, done, node } = given();
    places.follow(node);
    node.innerHTML = html;
    const event = new MouseEvent('click', { bubbles: true, cancelable: true, ...options });
    node.querySelector('a, span')!.dispatchEvent(event);
    await settle();
    return { done, isOurs: event.defaultPrevented };
  };
  const link = (href: string, line = '2') =>
    `<a class="jp-Autoexec-where" href="${href}" data-autoexec-line="${line}"><b>In [5]:2</b></a>`;

  it('goes to the line', async () => {
    expect(await click(link('#cell-id=one'))).toEqual({ done: ['scroll 0', 'cursor 1', 'focus'], isOurs: true });
  });

  it.each([
    link('#cell-id=gone'), link('https://a.example/#cell-id=one'), link('b.py#line=1'), link('#other'),
    '<a href="#cell-id=one">another</a>', '<span class="jp-Autoexec-where">text</span>'
  ])('is left alone where it is none of ours: %s', async html => {
    expect(await click(html)).toEqual({ done: [], isOurs: false });
  });

  it.each([{ ctrlKey: true }, { metaKey: true }, { shiftKey: true }, { button: 1 }])(
    'is the browser\'s with another key or button: %j', async options => {
      expect((await click(link('#cell-id=one'), options)).isOurs).toBe(false);
    }
  );

  it.each(['', 'x', '1.5', '-5', '<b>'])('takes any line: %s', async line => {
    const { done } = await click(link('#cell-id=one', line));
    expect(done[0]).toBe('scroll 0');
    expect(done.filter(item => item.startsWith('cursor'))).toEqual([]);
  });
});
