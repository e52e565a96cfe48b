/** The releases: when the server is asked, when a platform, and what is kept of the answers. */
import { StoreError, StoreMissing } from '../src/client';
import { Releases, STANDING_MS } from '../src/releases';
import { FakeReleases, listedOf, serviceOf, settle, standingOf } from './fixtures';

async function shown(client: FakeReleases): Promise<Releases> {
  const found = new Releases(client, { now: () => client.now });
  await found.refresh();
  await settle();
  return found;
}

describe('Releases', () => {
  it('asks the platform of a service that it learns of, once', async () => {
    const client = new FakeReleases();
    const found = await shown(client);
    expect(client.asked).toEqual(['standing web']);
    expect(found.stand(client.all[0]).standing?.address).toBe('http://here');
    await found.refresh();
    await settle();
    expect(client.asked).toEqual(['standing web']);
  });

  it('asks it again when a deploy has ended, and after a while', async () => {
    const client = new FakeReleases();
    const found = await shown(client);
    client.all = [serviceOf({ releases: [listedOf({ ended: 9 })] })];
    await found.refresh();
    await settle();
    expect(client.asked).toHaveLength(2);
    client.now += STANDING_MS;
    await found.refresh();
    await settle();
    expect(client.asked).toHaveLength(3);
  });

  it('asks one platform at a time, the one that waits longest first', async () => {
    const client = new FakeReleases();
    client.all = [serviceOf(), serviceOf({ service: 'api' })];
    client.isSlow = true;
    const found = await shown(client);
    await found.refresh();
    await settle();
    expect(client.asked).toEqual(['standing web']);
    client.now += 5;
    client.answer();
    await settle();
    await found.refresh();
    await settle();
    expect(client.asked).toEqual(['standing web', 'standing api']);
  });

  it('says what the platform says is live, and what the record does until then', async () => {
    const client = new FakeReleases();
    client.standings = [standingOf({ release_id: 'b' })];
    client.isSlow = true;
    const found = await shown(client);
    expect(found.live(client.all[0])).toBe('a');
    client.answer();
    await settle();
    expect(found.live(client.all[0])).toBe('b');
  });

  it('keeps why a platform does not say, and what to do', async () => {
    const client = new FakeReleases();
    client.standings = [new StoreError('no docker', 'no socket', 'dockerd &')];
    const found = await shown(client);
    expect(found.stand(client.all[0])).toMatchObject({
      standing: null,
      why: 'no docker: no socket',
      fix: 'dockerd &',
      isAsked: false
    });
  });

  it('tells a server without our routes from one that refuses, and goes on after that', async () => {
    const client = new FakeReleases();
    const found = await shown(client);
    client.fault = new StoreError('the ledger cannot be read');
    await expect(found.refresh()).rejects.toBe(client.fault);
    expect([found.isMissing, found.reason, found.services?.length]).toEqual([false, 'the ledger cannot be read', 1]);
    client.fault = new StoreMissing();
    await expect(found.refresh()).rejects.toBe(client.fault);
    expect([found.isMissing, found.reason]).toEqual([true, '']);
    client.fault = null;
    await found.refresh();
    expect([found.isMissing, found.reason]).toEqual([false, '']);
  });

  it('shows logs until they are hidden, also where they come later than that', async () => {
    const client = new FakeReleases();
    const found = await shown(client);
    await found.showLogs(client.all[0], 'a');
    expect(found.lines('a')).toEqual({ lines: ['one', 'two'], why: '' });
    client.logFault = new StoreError('gone');
    await found.showLogs(client.all[0], 'a');
    expect(found.lines('a')).toEqual({ lines: null, why: 'gone' });
    const later = found.showLogs(client.all[0], 'a');
    found.hideLogs('a');
    await later;
    expect(found.lines('a')).toBeNull();
  });
});
