/** The tests of a run, folded: counts, files, what failed first, and what runs again. */
import { Cases, type CaseEvent, type Filter, type IShelf } from '../src/cases';
import { Rows, caseKey, fileKey } from '../src/rows';
import { commandOf, progressOf } from '../src/words';
import { causes, ended, TRANS } from './fixtures';

const ALL = { filter: 'all' as Filter, text: '', cause: '' };

function casesOf(...events: CaseEvent[]): Cases {
  const cases = new Cases();
  events.forEach(event => cases.take(event, 1000));
  return cases;
}

function collected(count: number, seconds = 0): CaseEvent {
  return { kind: 'CasesCollected', count, seconds };
}

/** Files with the names of their tests, in the order of the tree. */
function seen(shelves: readonly IShelf[]): [string, string[]][] {
  return shelves.map(shelf => [shelf.file, shelf.cases().map(item => item.name)]);
}

describe('Cases', () => {
  it('has the files with failures first, and in a file the failures', () => {
    const cases = casesOf(
      collected(5),
      ended('a.py::test_1'),
      ended('b.py::test_1'),
      ended('b.py::test_2', 'failed'),
      ended('c.py::test_1', 'error')
    );
    expect(seen(cases.chosen(ALL))).toEqual([
      ['b.py', ['test_2', 'test_1']],
      ['c.py', ['test_1']],
      ['a.py', ['test_1']]
    ]);
    expect(cases.bad).toBe(2);
    expect(cases.counts).toEqual({ passed: 2, failed: 1, error: 1 });
    expect(cases.round).toMatchObject({ number: 1, total: 5, done: 4 });
  });

  it('lets the last word of a test count, and keeps nothing of the one before', () => {
    const bad = ended('a.py::test_1', 'failed', { seconds: 9, failure: { cause: 'c1' } });
    const cases = casesOf(collected(2), bad, ended('a.py::test_2'), collected(1), ended('a.py::test_1'));
    expect(seen(cases.chosen(ALL))).toEqual([['a.py', ['test_2', 'test_1']]]);
    expect([cases.size, cases.bad, cases.slow]).toEqual([2, 0, 0]);
    expect(cases.counts).toEqual({ failed: 0, passed: 2 });
    expect(cases.chosen({ ...ALL, filter: 'failed' })).toEqual([]);
    expect(cases.round).toMatchObject({ number: 2, total: 1, done: 1 });
  });

  it('forgets that a file could not be read as soon as a test of it has run', () => {
    const cases = casesOf(
      ended('a.py', 'error', { failure: { phase: 'collect' } }),
      collected(0),
      collected(1),
      ended('a.py::test_1')
    );
    expect(seen(cases.chosen(ALL))).toEqual([['a.py', ['test_1']]]);
    expect(cases.bad).toBe(0);
  });

  it('does not count a file that could not be read as a test that is done', () => {
    const cases = casesOf(ended('a.py', 'error', { failure: { phase: 'collect' } }), collected(10));
    expect(cases.round).toMatchObject({ total: 10, done: 0 });
    expect(progressOf(cases, true, 0, TRANS)).toBe('1 error, 10 not run');
  });

  it('adds what is collected while others run, as shards are', () => {
    const cases = casesOf(collected(3, 1), ended('a.py::test_1'), collected(4, 2));
    expect(cases.round).toMatchObject({ number: 1, total: 7, done: 1, expected: 3 });
  });

  it('shows a test that runs, and takes it for another word when it ends', () => {
    const cases = casesOf(collected(2), { kind: 'CaseStarted', nodeid: 'a.py::test_1' });
    expect(cases.running).toBe('a.py::test_1');
    expect(cases.get('a.py::test_1')?.verdict).toBe('running');
    cases.take(ended('a.py::test_1'), 2000);
    expect(cases.running).toBe('');
    expect(cases.counts).toEqual({ running: 0, passed: 1 });
  });

  it('filters: failed, flaky, slow from the slowest on, and by a text that is no pattern', () => {
    const cases = casesOf(
      ended('a.py::test_[1]', 'failed', { message: 'assert plum' }),
      ended('a.py::test_slow', 'passed', { seconds: 0.5 }),
      ended('b.py::test_slower', 'passed', { seconds: 2 }),
      ended('b.py::test_again', 'passed', { attempts: 3 })
    );
    const by = (change: object) => seen(cases.chosen({ ...ALL, ...change }));
    expect(by({ filter: 'failed' })).toEqual([['a.py', ['test_[1]']]]);
    expect(by({ filter: 'flaky' })).toEqual([['b.py', ['test_again']]]);
    expect(by({ filter: 'slow' })).toEqual([['', ['test_slower', 'test_slow']]]);
    expect(by({ text: '[1]' })).toEqual([['a.py', ['test_[1]']]]);
    expect(by({ text: 'PLUM' })).toEqual([['a.py', ['test_[1]']]]);
    expect(by({ text: 'slow', filter: 'failed' })).toEqual([]);
    expect(by({ text: '.*' })).toEqual([]);
  });

  it('knows the tests of a cause, by its name or else by theirs', () => {
    const named = causes(['c1', 2, []]);
    const told = causes(['c2', 5, ['a.py::test_2', 'gone']]);
    const cases = casesOf(
      ended('a.py::test_1', 'failed', { failure: { cause: 'c1' } }),
      ended('a.py::test_2', 'failed'),
      { ...named, causes: [...named.causes, ...told.causes] }
    );
    const [first, second] = cases.found.causes;
    expect(cases.of(first).map(item => item.name)).toEqual(['test_1']);
    expect(cases.of(second).map(item => item.name)).toEqual(['test_2']);
    expect(seen(cases.chosen({ ...ALL, cause: 'c2' }))).toEqual([['a.py', ['test_2']]]);
  });

  it('reads what an older writer knew', () => {
    const cases = casesOf({ kind: 'CaseFinished', nodeid: 'a.py::t', verdict: 'failed', seconds: 1, message: 'm' });
    expect(cases.get('a.py::t')).toMatchObject({ path: '', line: 0, attempts: 1, failure: null });
    expect(progressOf(cases, false, 0, TRANS)).toBe('1 done, 1 failed');
  });

  it('finds the file of an id whose parameters look like another', () => {
    const cases = casesOf(ended('a b.py::TestX::test_[x::y]'), ended('t', 'passed', { file: 'c.js' }), ended('alone'));
    expect(seen(cases.chosen(ALL))).toEqual([
      ['a b.py', ['TestX::test_[x::y]']],
      ['c.js', ['t']],
      ['alone', ['']]
    ]);
  });
});

describe('Progress', () => {
  it('says how far it has got, and when it is done by its own pace', () => {
    const cases = casesOf(collected(24), ...Array.from({ length: 12 }, (_, n) => ended(`a.py::t${n}`)));
    expect(progressOf(cases, false, 1500, TRANS)).toBe('12 of 24 done');
    expect(progressOf(cases, false, 4000, TRANS)).toBe('12 of 24 done, about 3 s left');
  });

  it('knows better by what earlier runs took, until they took less', () => {
    const cases = casesOf(collected(2, 60), ended('a.py::t', 'error'));
    expect(progressOf(cases, false, 21_000, TRANS)).toBe('1 of 2 done, 1 error, about 40 s left');
    expect(progressOf(cases, false, 71_000, TRANS)).toBe('1 of 2 done, 1 error, about 1 min 10 s left');
  });

  it('says that some run again', () => {
    const cases = casesOf(collected(1), ended('a.py::t', 'failed'), collected(1));
    expect(progressOf(cases, false, 0, TRANS)).toBe('again: 0 of 1 done, 1 failed');
  });

  it('counts in the order of pytest, and what was not run when it is over', () => {
    const some = ['xfailed', 'passed', 'skipped', 'error', 'failed', 'error', 'new-word'];
    const cases = casesOf(collected(10), ...some.map((verdict, n) => ended(`a.py::t${n}`, verdict)));
    expect(progressOf(cases, true, 0, TRANS)).toBe(
      '1 failed, 2 errors, 1 passed, 1 skipped, 1 xfailed, 3 not run, 1 new-word'
    );
  });
});

describe('What all of them came to', () => {
  const counted = (counts: { [verdict: string]: number }): CaseEvent => ({ kind: 'CasesCounted', counts });

  it('is what was counted in the end, with those of which none was told', () => {
    const cases = casesOf(collected(4), ended('a.py::t1'), ended('a.py::t2', 'not-run'));
    const before = cases.version;
    cases.take(counted({ 'not-run': 3, passed: 1 }), 2000);
    expect(progressOf(cases, true, 0, TRANS)).toBe('1 passed, 3 not run');
    expect(cases.version).not.toBe(before);
    expect(progressOf(cases, false, 0, TRANS)).toBe('2 of 4 done');
  });

  it('is right where some ran again, and others never', () => {
    const cases = casesOf(collected(3), ended('a.py::t1', 'failed'), collected(1), ended('a.py::t1'));
    cases.take(counted({ passed: 1, 'not-run': 2 }), 2000);
    expect(progressOf(cases, true, 0, TRANS)).toBe('1 passed, 2 not run');
  });

  it('is of the tests that were collected last', () => {
    const cases = casesOf(counted({ failed: 1 }), collected(1), ended('a.py::t1'));
    expect(cases.inAll).toBeNull();
    expect(progressOf(cases, true, 0, TRANS)).toBe('1 passed');
  });
});

describe('commandOf', () => {
  it.each([
    [false, '', '%autoexec test --lf'],
    [true, '', '%%autoexec test --lf'],
    [false, 'a/b.py::T::test_x', '%autoexec test a/b.py::T::test_x'],
    [false, "a.py::t[it's a b]", `%autoexec test 'a.py::t[it'"'"'s a b]'`],
    [false, 'a.py::t[é]', "%autoexec test 'a.py::t[é]'"],
    [true, 'cell::t[$(x)]', "%%autoexec test 'cell::t[$(x)]'"]
  ])('is a line that can be typed: %s %s', (isCell, id, line) => {
    expect(commandOf(isCell, id)).toBe(line);
  });
});

describe('Rows', () => {
  const cases = casesOf(
    ended('a.py::t1', 'failed'),
    ended('a.py::t2'),
    ...Array.from({ length: 1000 }, (_, n) => ended(`b${n}.py::t`))
  );

  it('finds a row by its number and a number by its key, open or not', () => {
    const rows = new Rows(cases.chosen(ALL), shelf => shelf.isBad);
    expect([rows.count, rows.cases]).toEqual([1003, 1002]);
    for (const index of [0, 1, 2, 3, 500, 1002]) {
      expect(rows.indexOf(rows.at(index).key)).toBe(index);
    }
    expect(rows.at(1)).toMatchObject({ key: caseKey('a.py::t1'), parent: fileKey('a.py'), number: 1, many: 2 });
    expect(rows.at(3)).toMatchObject({ key: fileKey('b0.py'), number: 2, many: 1001, isOpen: false });
    expect(rows.indexOf(caseKey('b0.py::t'))).toBe(-1);
    expect(rows.indexOf('')).toBe(-1);
  });

  it('shows a shelf without a file as its tests alone', () => {
    const slow = casesOf(ended('a.py::t1', 'passed', { seconds: 1 }), ended('b.py::t', 'passed', { seconds: 2 }));
    const rows = new Rows(slow.chosen({ ...ALL, filter: 'slow' }), () => false);
    expect([rows.at(0).key, rows.at(1).key]).toEqual([caseKey('b.py::t'), caseKey('a.py::t1')]);
    expect(rows.indexOf(caseKey('a.py::t1'))).toBe(1);
    expect(rows.at(0)).toMatchObject({ parent: '' });
  });
});
