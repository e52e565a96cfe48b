/** The runs of a sweep: a fold over their events, and their output in lines. */
import { Labelled, ROWS, withChild, type IChildren } from '../src/children';
import type { Event, Verdict } from '../src/events';
import { RunModel } from '../src/model';
import { recorded, runOf } from './fixtures';

function started(child: string, number = 1, total = 3): Event & { kind: 'ChildStarted' } {
  return { kind: 'ChildStarted', child, number, total };
}

function finished(child: string, verdict: Verdict = 'passed', why = ''): Event & { kind: 'ChildFinished' } {
  return { kind: 'ChildFinished', child, verdict, seconds: 1.5, code: why && 'script-failed', why };
}

function wrote(child: string, text: string): Event {
  return { kind: 'Output', phase: 'run', stream: 'stdout', text, child };
}

describe('withChild', () => {
  it('counts what came to what, and keeps those that did not pass', () => {
    const events = [
      started('a=1', 1),
      started('a=2', 2),
      finished('a=1'),
      started('a=3', 3),
      finished('a=2', 'failed', 'key-not-found'),
      finished('a=3', 'cancelled')
    ];
    const seen = events.reduce<IChildren | null>((before, event) => withChild(before, event), null);
    expect(seen).toEqual({
      total: 3,
      running: 0,
      counts: { passed: 1, failed: 1, cancelled: 1 },
      bad: [{ child: 'a=2', verdict: 'failed', seconds: 1.5, code: 'script-failed', why: 'key-not-found' }],
      more: 0
    });
  });

  it('keeps no more rows than are shown', () => {
    let seen: IChildren | null = null;
    for (let number = 0; number < ROWS + 7; number++) {
      seen = withChild(seen, finished(`#${number}`, 'failed', 'x'));
    }
    expect(seen?.bad.length).toBe(ROWS);
    expect(seen?.more).toBe(7);
  });
});

describe('Labelled', () => {
  it('lets no lines of two mix', () => {
    const lines = new Labelled();
    expect(lines.feed('a', 'stdout', 'one ')).toBe('');
    expect(lines.feed('b', 'stdout', 'two\nth')).toBe('[b] two\n');
    expect(lines.feed('a', 'stdout', 'line\n')).toBe('[a] one line\n');
    expect(lines.rest('b')).toBe('[b] th\n');
    expect(lines.rest('b')).toBe('');
  });

  it('shows a line that was rewritten once', () => {
    const lines = new Labelled();
    lines.feed('a', 'stdout', '10 %\r50 %');
    expect(lines.feed('a', 'stdout', '\r100 %\nend\r\n')).toBe('[a] 100 %\n[a] end\n');
  });
});

describe('a run with children', () => {
  it('shows their output with names, and how they stand', () => {
    const texts: string[] = [];
    const model = new RunModel(runOf());
    model.output.connect((_, text) => texts.push(text));
    model.onEvents(
      recorded([
        started('a=1'),
        wrote('a=1', 'hel'),
        wrote('a=2', 'x\n'),
        wrote('a=1', 'lo'),
        { kind: 'Diagnosed', diagnosis: { code: 'c', why: 'w', fix: '', confidence: '', where: '' }, child: 'a=1' },
        finished('a=1', 'failed', 'why')
      ])
    );
    expect(texts.join('')).toBe('[a=2] x\n[a=1] hello\n');
    expect(model.state.lines).toBe(2);
    expect(model.state.children?.bad[0].why).toBe('why');
    expect(model.state.diagnosis).toBeNull();
  });
});
