/** Which runs are listed, which one is shown, and how often the server is asked. */
import { StoreError, StoreMissing } from '../src/client';
import type { Event, IRun } from '../src/events';
import { MISSING_MS, Runs } from '../src/runs';
import type { IPage, IStoreClient, ITailSink } from '../src/tokens';
import { recorded, runOf } from './fixtures';

const NOTEBOOK = { path: 'a.ipynb', kernel: 'k1' };

class FakeClient implements IStoreClient {
  pages: (IPage | Error)[] = [];
  asked: { before?: string; kernel?: string }[] = [];
  tails: { runId: string; sink: ITailSink; isDisposed: boolean }[] = [];

  async runs(options: { before?: string; kernel?: string }): Promise<IPage> {
    this.asked.push(options);
    const page = this.pages.length > 1 ? this.pages.shift() : this.pages[0];
    if (page instanceof Error) {
      throw page;
    }
    return page ?? { runs: [], more: false };
  }

  tail(runId: string, after: number, sink: ITailSink) {
    const tail = { runId, sink, isDisposed: false, dispose: () => void (tail.isDisposed = true) };
    this.tails.push(tail);
    return tail;
  }

  async cancel(): Promise<void> {}
  async answer(): Promise<void> {}
}

function id(number: number): string {
  return `0199c5a2-0000-7000-8000-${`${number}`.padStart(12, '0')}`;
}

function runs(...numbers: number[]): IRun[] {
  return numbers.map(number => runOf({ run_id: id(number), kernel: number % 2 ? 'k1' : 'k2', verdict: 'passed' }));
}

async function shown(client: FakeClient, ...pages: IPage[]): Promise<Runs> {
  client.pages = pages;
  const found = new Runs(client);
  found.notebook = NOTEBOOK;
  await found.refresh();
  return found;
}

describe('Runs', () => {
  it('knows which runs wait for a person, also at a prompt', async () => {
    const [mine, other] = [1, 2].map(number => runOf({ run_id: id(number), kernel: `k${number}` }));
    const client = new FakeClient();
    const found = await shown(client, { runs: [mine, { ...other, asks: true }], more: false });
    expect(found.asking.map(run => run.run_id)).toEqual([id(2)]);
    const asked: Event = {
      kind: 'Asked', question: 'q1', text: 'run it ?', evidence: [], answers: ['yes', 'no'], place: 'prompt'
    };
    client.tails[0].sink.onEvents(recorded([asked]));
    expect(found.asking.map(run => run.run_id)).toEqual([id(2), id(1)]);
  });

  it("lists this notebook's runs first, each group newest first", async () => {
    const found = await shown(new FakeClient(), { runs: runs(4, 3, 2, 1), more: false });
    expect(found.mine.map(run => run.run_id)).toEqual([id(3), id(1)]);
    expect(found.others.map(run => run.run_id)).toEqual([id(4), id(2)]);
  });

  it("knows a notebook's runs of another kernel by its path", async () => {
    const list = [runOf({ run_id: id(2), kernel: 'old', path: 'a.ipynb' }), runOf({ run_id: id(1) })];
    const found = await shown(new FakeClient(), { runs: list, more: false });
    expect(found.mine.map(run => run.run_id)).toEqual([id(2)]);
  });

  it('takes no run for one of a notebook that there is not', async () => {
    const client = new FakeClient();
    client.pages = [{ runs: [runOf()], more: false }];
    const found = new Runs(client);
    await found.refresh();
    expect(found.mine).toEqual([]);
    expect(found.shown).toBeNull();
  });

  it("follows the notebook's newest run, and no other", async () => {
    const client = new FakeClient();
    const found = await shown(
      client,
      { runs: runs(1), more: false },
      { runs: runs(2, 1), more: false },
      { runs: runs(3, 2, 1), more: false }
    );
    expect(found.shown?.run.run_id).toBe(id(1));
    await found.refresh();
    expect(found.shown?.run.run_id).toBe(id(1));
    await found.refresh();
    expect(found.shown?.run.run_id).toBe(id(3));
    expect(client.tails.map(tail => [tail.runId, tail.isDisposed])).toEqual([
      [id(1), true],
      [id(3), false]
    ]);
  });

  it('stays with a run that was chosen until it is told to follow', async () => {
    const found = await shown(
      new FakeClient(),
      { runs: runs(3, 2, 1), more: false },
      { runs: runs(5, 3, 2, 1), more: false }
    );
    found.select(id(2));
    await found.refresh();
    expect(found.shown?.run.run_id).toBe(id(2));
    expect(found.isFollowing).toBe(false);
    found.select(null);
    expect(found.shown?.run.run_id).toBe(id(5));
  });

  it('shows the run that waits for a person, whatever was chosen', async () => {
    const asking = runOf({ run_id: id(5), kernel: 'k1', asks: true });
    const found = await shown(
      new FakeClient(),
      { runs: runs(3, 1), more: false },
      { runs: [asking, ...runs(3, 1)], more: false },
      { runs: runs(5, 3, 1), more: false }
    );
    found.select(id(1));
    await found.refresh();
    expect(found.shown?.run.run_id).toBe(id(5));
    await found.refresh();
    expect(found.shown?.run.run_id).toBe(id(1));
  });

  it('does not begin anew with a run that is shown already', async () => {
    const client = new FakeClient();
    const found = await shown(client, { runs: runs(1), more: false });
    const before = found.shown;
    await found.refresh();
    found.notebook = NOTEBOOK;
    expect(found.shown).toBe(before);
    expect(client.tails).toHaveLength(1);
  });

  it('shows what another notebook does when that comes to the front', async () => {
    const found = await shown(new FakeClient(), { runs: runs(4, 3), more: false });
    found.select(id(3));
    found.notebook = { path: 'b.ipynb', kernel: 'k2' };
    expect(found.shown?.run.run_id).toBe(id(4));
  });

  it('keeps older pages when the newest is read again', async () => {
    const found = await shown(
      new FakeClient(),
      { runs: runs(4, 3), more: true },
      { runs: runs(2, 1), more: false },
      { runs: runs(5, 4), more: true }
    );
    await found.more();
    expect(found.hasMore).toBe(false);
    await found.refresh();
    expect(found.runs.map(run => run.run_id)).toEqual([5, 4, 3, 2, 1].map(id));
    expect(found.hasMore).toBe(false);
  });

  it('adds a page of older runs once, however often it is asked', async () => {
    const client = new FakeClient();
    const found = await shown(client, { runs: runs(4, 3), more: true }, { runs: runs(2, 1), more: false });
    await Promise.all([found.more(), found.more()]);
    expect(found.runs.map(run => run.run_id)).toEqual([4, 3, 2, 1].map(id));
    expect(client.asked).toHaveLength(2);
  });

  it('follows a run that goes on though many are newer, and sees its end', async () => {
    const old = (verdict: 'running' | 'passed') => runOf({ run_id: id(1), kernel: 'k1', verdict });
    const newest = { runs: [runOf({ run_id: id(9), verdict: 'passed' })], more: true };
    const found = await shown(
      new FakeClient(),
      { ...newest, running: [old('running')] },
      { ...newest, running: [old('passed')] },
      { ...newest, running: [] }
    );
    expect(found.shown?.run.run_id).toBe(id(1));
    expect(found.running).toHaveLength(1);
    await found.refresh();
    expect(found.running).toHaveLength(0);
    expect(found.mine.map(run => run.verdict)).toEqual(['passed']);
    await found.refresh();
    expect(found.mine.map(run => run.verdict)).toEqual(['passed']);
  });

  it('begins older pages where the newest one ended, not where an old run goes on', async () => {
    const client = new FakeClient();
    const found = await shown(
      client,
      { runs: runs(9, 8), more: true, running: [runOf({ run_id: id(1) })] },
      { runs: runs(7, 6), more: true }
    );
    await found.more();
    expect(client.asked[1]).toEqual({ before: id(8) });
    expect(found.runs.map(run => run.run_id)).toEqual([9, 8, 7, 6, 1].map(id));
  });

  it('follows nothing on a server that does not know us any more', async () => {
    const client = new FakeClient();
    client.pages = [{ runs: runs(1), more: false }, new StoreMissing()];
    const found = new Runs(client);
    found.notebook = NOTEBOOK;
    await found.refresh();
    expect(found.shown).not.toBeNull();
    await found.refresh();
    expect(found.shown).toBeNull();
    expect(client.tails.map(tail => tail.isDisposed)).toEqual([true]);
  });

  it('says whose panel is in sight, and only then', async () => {
    const client = new FakeClient();
    const found = await shown(client, { runs: [], more: false });
    found.isInSight = true;
    await found.refresh();
    found.isInSight = false;
    await found.refresh();
    expect(client.asked).toEqual([{}, { kernel: 'k1' }, {}]);
  });

  it('leaves a server that does not know us alone for a minute', async () => {
    const client = new FakeClient();
    client.pages = [new StoreMissing()];
    let now = 1_000_000;
    const found = new Runs(client, { now: () => now });
    await found.refresh();
    expect(found.answers).toBe('missing');
    for (; now < 1_000_000 + MISSING_MS; now += 1000) {
      await found.refresh();
    }
    expect(client.asked).toHaveLength(1);
    client.pages = [{ runs: runs(1), more: false }];
    await found.refresh();
    expect(client.asked).toHaveLength(2);
    expect(found.answers).toBe('there');
  });

  it.each([
    [new TypeError('failed to fetch'), 'silent'],
    [new StoreError('the data folder cannot be read', 'denied'), 'refused']
  ])('lets the poll know of %s, keeps the list, and recovers', async (error, answers) => {
    const client = new FakeClient();
    client.pages = [{ runs: runs(1), more: false }, error, { runs: runs(3, 1), more: false }];
    const found = new Runs(client);
    await found.refresh();
    await expect(found.refresh()).rejects.toThrow();
    expect(found.answers).toBe(answers);
    expect(found.runs).toHaveLength(1);
    await found.refresh();
    expect(found.answers).toBe('there');
    expect(found.runs).toHaveLength(2);
  });
});
