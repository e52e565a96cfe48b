/** A run is a fold over its events. */
import { readFileSync } from 'fs';
import { join } from 'path';

import { isEnvelope, parseLines, type Event } from '../src/events';
import { RunModel } from '../src/model';
import { output, recorded, runOf } from './fixtures';

const ALL = parseLines(
  readFileSync(join(__dirname, '../../tests/data/events.jsonl'), 'utf-8')
).filter(isEnvelope);

function modelOf(...events: Event[]): RunModel {
  const model = new RunModel(runOf());
  model.onEvents(recorded(events));
  return model;
}

const ASKED: Event = {
  kind: 'Asked',
  question: 'q1',
  text: 'run it ?',
  evidence: ['a'],
  answers: ['yes', 'no'],
  place: 'panel'
};

describe('RunModel', () => {
  it('folds one event of each kind', () => {
    const model = new RunModel(runOf());
    model.onEvents(ALL);
    expect(model.state).toMatchObject({
      verb: 'script',
      title: 'import slugify',
      cage: 'workspace',
      held: 53,
      tried: 62,
      open: ['write: change mode', '--net 443'],
      verdict: 'failed',
      seconds: 2.125,
      installed: ['python-slugify 8.0.4'],
      step: { label: '2/5 RUN pip install', seconds: 1.25, isCached: true },
      built: [{ artifact: 'wheel', name: 'pear', bytes: 1234 }],
      released: [{ deployed: { code: 'deployed', release: { service: 'web' } }, address: 'http://127.0.0.1:8080' }],
      children: { total: 2, running: 0, counts: { 'timed-out': 1 } },
      diagnosis: null, // it is of a child, and in its row
      lines: 2,
      droppedBytes: 1048576,
      question: null
    });
    expect(model.cases.counts).toEqual({ failed: 1, running: 0 });
    expect(model.last).toBe(ALL.length - 1);
  });

  it('keeps why the run itself failed', () => {
    const diagnosis = { code: 'key-not-found', why: 'w', fix: 'f', confidence: 'certain', where: 'a.py:2' };
    expect(modelOf({ kind: 'Diagnosed', diagnosis }).state.diagnosis).toEqual(diagnosis);
  });

  it('says what a build is at until that ended', () => {
    const at = (phase: 'build' | 'run'): Event => ({
      kind: 'Progress',
      phase,
      text: 'build it · 5 s so far',
      number: 0,
      total: 0
    });
    const ended: Event = { kind: 'Stepped', phase: 'build', label: 'build it', seconds: 9, is_cached: false };
    expect(modelOf(at('build')).state.doing).toBe('build it · 5 s so far');
    expect(modelOf(at('build'), ended).state.doing).toBe('');
    expect(modelOf(at('run')).state.doing).toBe('');
  });

  it('is the same however the events are cut into pieces', () => {
    const whole = new RunModel(runOf());
    const pieces = new RunModel(runOf());
    const texts = ['', ''];
    whole.output.connect((_, text) => (texts[0] += text));
    pieces.output.connect((_, text) => (texts[1] += text));
    whole.onEvents(ALL);
    ALL.forEach(envelope => pieces.onEvents([envelope]));
    expect(pieces.state).toEqual(whole.state);
    expect(pieces.cases).toEqual(whole.cases);
    expect(texts[1]).toBe(texts[0]);
  });

  it('takes an event once', () => {
    const model = modelOf(output('a\n'), output('b\n'));
    model.onEvents(recorded([output('a\n'), output('b\n'), output('c\n')]));
    expect(model.state.lines).toBe(3);
    expect(model.tail).toBe('a\nb\nc\n');
  });

  it('ignores kinds that it does not know, and goes on after them', () => {
    const unknown = { kind: 'FromTheFuture', anything: 1 } as unknown as Event;
    const model = modelOf(unknown, output('a\n'));
    expect(model.last).toBe(1);
    expect(model.state.lines).toBe(1);
  });

  it('knows which phase ended, also of two of a name', () => {
    const started: Event = { kind: 'PhaseStarted', phase: 'run', title: 'one' };
    const finished: Event = { kind: 'PhaseFinished', phase: 'run', verdict: 'passed', seconds: 1 };
    const model = modelOf(started, finished, { ...started, title: 'two' });
    expect(model.state.phases).toEqual([
      { phase: 'run', title: 'one', verdict: 'passed', seconds: 1 },
      { phase: 'run', title: 'two', verdict: 'running', seconds: null }
    ]);
  });

  it('shows a question until it is answered', () => {
    const model = modelOf(ASKED);
    expect(model.state.question?.text).toBe('run it ?');
    model.onEvents(recorded([{ kind: 'Answered', question: 'other', answer: 'yes', by: 'person' }], 1));
    expect(model.state.question).not.toBeNull();
    model.onEvents(recorded([{ kind: 'Answered', question: 'q1', answer: 'yes', by: 'person' }], 2));
    expect(model.state.question).toBeNull();
  });

  it('takes a question of an older writer for one at the prompt', () => {
    const { place: _, ...older } = ASKED as Event & { place: string };
    expect(modelOf(older as Event).state.question).toMatchObject({ place: 'prompt', choices: [] });
  });

  it('keeps what a person may choose between', () => {
    const choice = { answer: 'a', label: 'a 1.0', lines: ['x'], fix: 'y', proved: true, why_not: '' };
    const asked = { ...ASKED, answers: ['a', 'no'], choices: [choice] } as Event;
    expect(modelOf(asked).state.question).toMatchObject({ answers: ['a', 'no'], choices: [choice] });
  });

  it.each([
    ['the run ends', (model: RunModel) =>
      model.onEvents(recorded([{ kind: 'RunFinished', verdict: 'asked', seconds: 1, why: '', fix: '' }], 1))],
    ['its owner died', (model: RunModel) => model.onEnd(runOf({ verdict: 'lost' }))],
    ['it was removed', (model: RunModel) => model.onEnd(null)]
  ])('takes the question away when %s', (_, end) => {
    const model = modelOf(ASKED);
    end(model);
    expect(model.state.question).toBeNull();
  });

  it('is lost where the server says so, and stays what its last event said otherwise', () => {
    const lost = modelOf(output('a\n'));
    lost.onEnd(runOf({ verdict: 'lost' }));
    expect(lost.state.verdict).toBe('lost');
    const failed = modelOf({ kind: 'RunFinished', verdict: 'failed', seconds: 1, why: 'w', fix: 'f' });
    failed.onEnd(runOf({ verdict: 'lost' }));
    expect(failed.state).toMatchObject({ verdict: 'failed', why: 'w', fix: 'f' });
  });

  it('is lost with the phases that ran, and with these alone', () => {
    const started: Event = { kind: 'PhaseStarted', phase: 'install', title: 'one' };
    const finished: Event = { kind: 'PhaseFinished', phase: 'install', verdict: 'passed', seconds: 1 };
    const model = modelOf(started, finished, { ...started, phase: 'run', title: 'two' });
    model.onEnd(runOf());
    expect(model.state.phases.map(({ verdict }) => verdict)).toEqual(['passed', 'running']);
    model.onEnd(runOf({ verdict: 'lost' }));
    expect(model.state.phases.map(({ verdict }) => verdict)).toEqual(['passed', 'lost']);
  });

  it('leaves out what an installer says, and marks what was cut', () => {
    const texts: string[] = [];
    const model = new RunModel(runOf());
    model.output.connect((_, text) => texts.push(text));
    model.onEvents(
      recorded([
        { kind: 'Output', phase: 'install', stream: 'stdout', text: 'chatter\n' },
        { kind: 'Truncated', phase: 'run', stream: 'stdout', dropped_bytes: 12345, after_bytes: 7 },
        output('end\n')
      ])
    );
    expect(texts.join('')).toContain('12,345 bytes were not kept');
    expect(texts.join('')).not.toContain('chatter');
    expect(texts.join('').endsWith('end\n')).toBe(true);
  });

  it('counts 100,000 lines and keeps but the last ones', () => {
    const model = new RunModel(runOf());
    for (let piece = 0; piece < 100; piece++) {
      const lines = Array.from({ length: 1000 }, (_, line) => `line ${piece * 1000 + line}\n`);
      model.onEvents(recorded([output(lines.join(''))], piece));
    }
    expect(model.state.lines).toBe(100_000);
    const tail = model.tail.split('\n');
    expect(tail.length).toBeLessThanOrEqual(201);
    expect(tail[tail.length - 2]).toBe('line 99999');
  });

  it('shows as text what a terminal would show of colours and progress bars', () => {
    const model = modelOf(output('\u001b[31mred\u001b[0m\n10 %\r50 %\r100 %\r\nend'));
    expect(model.tail).toBe('red\n100 %\nend');
  });

  it('shows what passes by until it is told what was cut', () => {
    const flowing: Event = { kind: 'Flowing', phase: 'run', stream: 'stdout', passed_bytes: 7, last_line: 'l' };
    const model = modelOf(flowing);
    expect(model.state.flows.stdout).toEqual({ bytes: 7, line: 'l' });
    const cut: Event = { kind: 'Truncated', phase: 'run', stream: 'stdout', dropped_bytes: 5, after_bytes: 2 };
    model.onEvents(recorded([cut], 1));
    expect(model.state.flows.stdout).toBeUndefined();
  });

  it('has bars below one another as one line each', () => {
    expect(modelOf(output('a 0\nb 0\n\u001b[2Aa 1\nb 1\n')).tail).toBe('a 1\nb 1\n');
  });

  it('says a change once a batch', () => {
    const model = new RunModel(runOf());
    let changes = 0;
    model.changed.connect(() => changes++);
    model.onEvents(ALL);
    expect(changes).toBe(1);
  });
});
