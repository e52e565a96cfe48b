/**
 * What the panel says in words: verdicts, times, the command behind a button.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Cases, ICase } from './cases';
import type { IChoice, Verdict } from './events';
import type { IState } from './model';

const MARKS: { [verdict in Verdict]: string } = {
  running: '●',
  passed: '✓',
  skipped: '–',
  failed: '✗',
  invalid: '✗',
  asked: '?',
  refused: '⊘',
  'timed-out': '✗',
  missing: '✗',
  cancelled: '◼',
  lost: '✗'
};

/** A sign for the verdict; never without its word beside it. */
export function markOf(verdict: Verdict): string {
  return MARKS[verdict] ?? '✗';
}

/** The verdict's word, in the person's language. */
export function wordOf(verdict: Verdict, trans: TranslationBundle): string {
  const words: { [verdict in Verdict]: string } = {
    running: trans.__('running'),
    passed: trans.__('passed'),
    skipped: trans.__('skipped'),
    failed: trans.__('failed'),
    invalid: trans.__('invalid'),
    asked: trans.__('asked'),
    refused: trans.__('refused'),
    'timed-out': trans.__('timed out'),
    missing: trans.__('missing'),
    cancelled: trans.__('cancelled'),
    lost: trans.__('lost')
  };
  return words[verdict] ?? verdict;
}

const CASE_MARKS: { [verdict: string]: string } = {
  running: '●',
  passed: '✓',
  failed: '✗',
  error: '!',
  skipped: '–',
  xfailed: 'x',
  xpassed: 'X',
  'not-run': '○'
};

/** In the order in which pytest counts. */
const COUNTED = ['failed', 'error', 'passed', 'skipped', 'xfailed', 'xpassed', 'not-run'];

/** How a test stands: a sign, and pytest's word; what began and did not end is told from what runs. */
export function standOfCase(item: ICase, isOver: boolean, trans: TranslationBundle): { mark: string; word: string } {
  const mark = CASE_MARKS[item.verdict] ?? '?';
  if (item.verdict === 'running' && isOver) {
    return { mark: '○', word: trans.__('did not end') };
  }
  if (item.verdict === 'passed' && item.attempts > 1) {
    return { mark: '~', word: trans.__('flaky') };
  }
  return { mark, word: caseWordOf(item.verdict, trans) };
}

function caseWordOf(verdict: string, trans: TranslationBundle): string {
  const words: { [verdict: string]: string } = {
    running: trans.__('running'),
    passed: trans.__('passed'),
    failed: trans.__('failed'),
    error: trans.__('error'),
    skipped: trans.__('skipped'),
    xfailed: trans.__('xfailed'),
    xpassed: trans.__('xpassed'),
    'not-run': trans.__('not run')
  };
  return words[verdict] ?? verdict;
}

/** How many ended how: 2 failed, 5 passed. */
export function countsOf(counts: { readonly [verdict: string]: number }, trans: TranslationBundle): string {
  const others = Object.keys(counts).filter(verdict => verdict !== 'running' && !COUNTED.includes(verdict));
  return [...COUNTED, ...others]
    .filter(verdict => counts[verdict] > 0)
    .map(verdict => {
      const count = counts[verdict].toLocaleString('en');
      return verdict === 'error'
        ? trans._n('%2 error', '%2 errors', counts[verdict], count)
        : `${count} ${caseWordOf(verdict, trans)}`;
    })
    .join(', ');
}

/** How far the tests have got, and when they are done, at `now` (UTC, milliseconds): 12 of 24 done, 2 failed, about 3 s left. */
export function progressOf(cases: Cases, isOver: boolean, now: number, trans: TranslationBundle): string {
  const { number, total, done } = cases.round;
  if (isOver) {
    if (cases.inAll) {
      return countsOf(cases.inAll, trans);
    }
    const untold = number <= 1 ? Math.max(0, total - done) : 0;
    const counts = { ...cases.counts, 'not-run': (cases.counts['not-run'] ?? 0) + untold };
    return countsOf(counts, trans);
  }
  const [some, all] = [done.toLocaleString('en'), total.toLocaleString('en')];
  const words = [total ? trans.__('%1 of %2 done', some, all) : trans.__('%1 done', some)];
  if (number > 1) {
    words[0] = trans.__('again: %1', words[0]);
  }
  const bad = countsOf({ failed: cases.counts.failed, error: cases.counts.error }, trans);
  const left = secondsLeft(cases, now);
  return [...words, bad, left === null ? '' : trans.__('about %1 left', soFar(Math.max(1, left)))]
    .filter(Boolean)
    .join(', ');
}

/** By what earlier runs took, else by the pace of this one; null where nobody knows. */
function secondsLeft({ round }: Cases, now: number): number | null {
  const { total, done, expected, started } = round;
  const spent = (now - started) / 1000;
  if (total === 0 || done === 0 || done >= total || spent < 1) {
    return null;
  }
  return expected > spent ? expected - spent : (spent * (total - done)) / done;
}

/** The line that runs a test again, or, without one, all that failed; a cell's tests are run by the cell. */
export function commandOf(isCell: boolean, id = ''): string {
  const command = isCell ? '%%autoexec test' : '%autoexec test';
  return id ? `${command} ${quoted(id)}` : `${command} --lf`;
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`;
}

/** How a run, or a phase of it, stands: nothing of it runs while it waits for an answer. */
export function standOf(
  state: IState,
  trans: TranslationBundle,
  verdict: Verdict = state.verdict
): { verdict: Verdict; mark: string; word: string } {
  if (state.question && verdict === 'running') {
    return { verdict: 'asked', mark: markOf('asked'), word: trans.__('asks') };
  }
  return { verdict, mark: markOf(verdict), word: wordOf(verdict, trans) };
}

/** Why a run ended as it did, or "": its last event says so, and one that is lost has none. */
export function whyOf(state: IState, trans: TranslationBundle): string {
  const why = state.diagnosis?.why ?? state.why;
  if (why || state.verdict !== 'lost') {
    return why;
  }
  return trans.__('The kernel or process that ran it ended before the run did; what it had started was ended.');
}

/** Whole seconds of what still runs: 7 s, 3 min 05 s, 2 h 04 min. */
export function soFar(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 60 ? `${whole} s` : timeOf(whole);
}

/** Seconds as people read them: 0.25 s, 12.3 s, 3 min 05 s, 2 h 04 min. */
export function timeOf(seconds: number): string {
  if (seconds < 59.95) {
    return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  }
  const whole = Math.round(seconds);
  const two = (value: number) => `${value}`.padStart(2, '0');
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  }
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** What a test took, or "" of one that was over at once. */
export function took(seconds: number): string {
  return seconds < 0.005 ? '' : timeOf(seconds);
}

/** The last eight digits of an id, by which people name a run. */
export function shortId(runId: string): string {
  return runId.slice(-8);
}

/** What keeps a run in, and what is open all the same. */
export function cageOf(state: IState, trans: TranslationBundle): string {
  if (state.cage === 'none') {
    return trans.__('in the kernel, without a cage');
  }
  const doors = state.tried ? trans.__(' (%1 of %2 doors seen to be shut)', state.held, state.tried) : '';
  const open = state.open.length ? trans.__('; open: %1', state.open.join(', ')) : '';
  return trans.__('cage: %1', state.cage) + doors + open;
}

/** The button of one of the answers a question takes. */
export function answerOf(answer: string, answers: string[], trans: TranslationBundle): string {
  const canKeep = answers.includes('always');
  const words: { [answer: string]: string } = {
    yes: canKeep ? trans.__('Run once') : trans.__('Yes'),
    always: trans.__('Always for this project'),
    no: trans.__('No')
  };
  return words[answer] ?? answer;
}

/** Whether what may be chosen was looked into: a sign, never without its word; null where there is nothing to prove. */
export function proofOf(
  { proved, why_not }: IChoice,
  trans: TranslationBundle
): { proof: string; mark: string; word: string } | null {
  if (proved === false) {
    return { proof: 'wrong', mark: '⊘', word: trans.__('ruled out') };
  }
  if (why_not) {
    return { proof: 'none', mark: '?', word: trans.__('not proved') };
  }
  return proved ? { proof: 'proved', mark: '✓', word: trans.__('proved') } : null;
}

/** What the status bar says of the runs that go on: that one waits for a person comes first. */
export function goingOn(running: number, asking: number, trans: TranslationBundle): string {
  if (asking === 0) {
    return trans._n('autoexec: %1 running', 'autoexec: %1 running', running);
  }
  const rest = running - asking;
  const needed = trans._n('autoexec: %1 decision needed', 'autoexec: %1 decisions needed', asking);
  return rest > 0 ? needed + trans._n(', %1 running', ', %1 running', rest) : needed;
}

/** One sentence that says how a run stands, for who cannot see it. */
export function sentenceOf(state: IState, trans: TranslationBundle, cases?: Cases): string {
  if (state.isGone) {
    return trans.__('%1: the run was removed', state.verb);
  }
  const { word } = standOf(state, trans);
  if (state.seconds === null) {
    // Of the tests the first failure is said at once, and all of them at the end.
    return `${state.verb}: ${word}${cases && cases.bad > 0 ? trans.__(', a test failed') : ''}`;
  }
  const told = cases && !cases.isEmpty ? `: ${progressOf(cases, true, 0, trans)}` : '';
  return `${state.verb}: ${word}, ${timeOf(state.seconds)}${told}`;
}
