/** Times and names as people read them. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Event } from '../src/events';
import { RunModel } from '../src/model';
import { answerOf, cageOf, goingOn, proofOf, sentenceOf, shortId, soFar, standOf, timeOf, whyOf } from '../src/words';

import { recorded, runOf } from './fixtures';

/** The untranslated words, with their arguments in place. */
const TRANS = {
  __: (text: string, ...given: unknown[]) => text.replace(/%(\d)/g, (_, number) => `${given[number - 1]}`),
  _n: (one: string, many: string, count: number) => (count === 1 ? one : many).replace('%1', `${count}`)
} as TranslationBundle;

describe('words', () => {
  it.each([
    [0, '0.00 s'], [0.254, '0.25 s'], [9.994, '9.99 s'], [9.996, '10.0 s'], [59.94, '59.9 s'],
    [59.96, '1 min 00 s'], [65, '1 min 05 s'], [3599.6, '1 h 00 min'], [7440, '2 h 04 min']
  ])('says %d seconds as %s', (seconds, text) => {
    expect(timeOf(seconds)).toBe(text);
  });

  it.each([[-3, '0 s'], [0.9, '0 s'], [59.9, '59 s'], [61, '1 min 01 s']])(
    'says %d seconds so far as %s', (seconds, text) => {
      expect(soFar(seconds)).toBe(text);
    }
  );

  it('says what keeps a run in, and what is open', () => {
    const said = (cage: string, more: { held?: number; tried?: number; open?: string[] }) => {
      const model = new RunModel(runOf({ cage }));
      model.onEvents(recorded([{ kind: 'RunStarted', verb: 'sh', title: 't', cage, ...more }]));
      return cageOf(model.state, TRANS);
    };
    expect(said('none', {})).toBe('in the kernel, without a cage');
    expect(said('open', {})).toBe('cage: open');
    expect(said('workspace', { held: 59, tried: 62, open: ['--net 443'] })).toBe(
      'cage: workspace (59 of 62 doors seen to be shut); open: --net 443'
    );
  });

  it.each([
    [1, 0, 'autoexec: 1 running'], [3, 0, 'autoexec: 3 running'], [1, 1, 'autoexec: 1 decision needed'],
    [3, 1, 'autoexec: 1 decision needed, 2 running'], [2, 2, 'autoexec: 2 decisions needed']
  ])('says of %d runs of which %d ask: %s', (running, asking, text) => {
    expect(goingOn(running, asking, TRANS)).toBe(text);
  });

  it.each([
    [true, '', '✓', 'proved'], [null, 'no wheel', '?', 'not proved'], [false, 'no such module', '⊘', 'ruled out']
  ])('says in a word whether a choice was proved: %s', (proved, why_not, mark, word) => {
    const choice = { answer: 'a', label: 'a', lines: [], fix: '', proved, why_not };
    expect(proofOf(choice, TRANS)).toMatchObject({ mark, word });
    expect(proofOf({ ...choice, proved: null, why_not: '' }, TRANS)).toBeNull();
  });

  it('says that a run asks as long as its question is open', () => {
    const model = new RunModel(runOf());
    const asked: Event = {
      kind: 'Asked',
      question: 'q1',
      text: 'run it ?',
      evidence: [],
      answers: ['yes', 'no'],
      place: 'panel'
    };
    model.onEvents(recorded([asked]));
    expect(standOf(model.state, TRANS)).toEqual({ verdict: 'asked', mark: '?', word: 'asks' });
    expect(sentenceOf(model.state, TRANS)).toBe('sh: asks');
    expect(standOf(model.state, TRANS, 'running').word).toBe('asks');
    expect(standOf(model.state, TRANS, 'passed').word).toBe('passed');
    model.onEvents(recorded([{ kind: 'Answered', question: 'q1', answer: 'yes', by: 'person' }], 1));
    expect(standOf(model.state, TRANS)).toEqual({ verdict: 'running', mark: '●', word: 'running' });
    expect(sentenceOf(model.state, TRANS)).toBe('sh: running');
  });

  it('says of a lost run why it has no end, and of another one nothing of the kind', () => {
    const model = new RunModel(runOf());
    expect(whyOf(model.state, TRANS)).toBe('');
    model.onEnd(runOf({ verdict: 'lost' }));
    expect(whyOf(model.state, TRANS)).toBe(
      'The kernel or process that ran it ended before the run did; what it had started was ended.'
    );
    const failed = new RunModel(runOf());
    failed.onEnd(runOf({ verdict: 'failed', why: 'exit code 1' }));
    expect(whyOf(failed.state, TRANS)).toBe('exit code 1');
  });

  it('says once where the answer can be kept', () => {
    const kept = ['yes', 'always', 'no'];
    expect(kept.map(answer => answerOf(answer, kept, TRANS))).toEqual([
      'Run once',
      'Always for this project',
      'No'
    ]);
    expect(answerOf('yes', ['yes', 'no'], TRANS)).toBe('Yes');
  });

  it('names a run as Python does', () => {
    expect(shortId('0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35')).toBe('8e0f1a35');
  });
});
