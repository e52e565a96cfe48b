/** What Python writes, the panel reads: `tests/data/events.jsonl` holds one of each kind. */
import { readFileSync } from 'fs';
import { join } from 'path';

import { isEnd, isEnvelope, parseLines, type Event } from '../src/events';

const LINES = readFileSync(join(__dirname, '../../tests/data/events.jsonl'), 'utf-8');

/** Each kind with its fields; the compiler fails where a kind of `Event` is missing here. */
const FIELDS: { [kind in Event['kind']]: string[] } = {
  RunStarted: ['verb', 'title', 'cage', 'mechanism', 'held', 'tried', 'open'],
  PhaseStarted: ['phase', 'title'],
  Output: ['phase', 'stream', 'text', 'child'],
  Truncated: ['phase', 'stream', 'dropped_bytes', 'after_bytes', 'child'],
  Flowing: ['phase', 'stream', 'passed_bytes', 'last_line', 'child'],
  Displayed: ['phase', 'mimes', 'name'],
  Wrote: ['phase', 'name', 'size_bytes', 'mime'],
  CasesCollected: ['count', 'seconds'],
  CaseStarted: ['nodeid'],
  CaseFinished: ['nodeid', 'verdict', 'seconds', 'message', 'file', 'line', 'attempts', 'failure'],
  CasesCounted: ['counts'],
  CausesFound: ['failed', 'causes'],
  Covered: ['files'],
  ChildStarted: ['child', 'number', 'total'],
  ChildFinished: ['child', 'verdict', 'seconds', 'code', 'exit_code', 'why', 'fix', 'cause'],
  Asked: ['question', 'text', 'evidence', 'answers', 'place', 'choices'],
  Answered: ['question', 'answer', 'by'],
  Resolved: ['resolution'],
  Progress: ['phase', 'text', 'number', 'total'],
  Installed: ['distribution', 'version', 'sha256', 'index', 'evidence', 'changed'],
  Removed: ['distribution', 'version', 'loaded'],
  Stepped: ['phase', 'label', 'seconds', 'is_cached'],
  Built: ['artifact'],
  Released: ['deployed', 'address'],
  Recorded: ['row', 'head'],
  Diagnosed: ['diagnosis', 'child'],
  FixTried: [
    'number',
    'by',
    'what',
    'outcome',
    'why',
    'patch',
    'doubts',
    'seconds'
  ],
  PhaseFinished: ['phase', 'verdict', 'seconds'],
  RunFinished: ['verdict', 'seconds', 'why', 'fix', 'ledger_head']
};

describe('events', () => {
  it('reads one of each kind, with exactly the fields that Python writes', () => {
    const found = parseLines(LINES).filter(isEnvelope);
    const fields: { [kind: string]: string[] } = {};
    for (const { event } of found) {
      fields[event.kind] = Object.keys(event).filter(name => name !== 'kind');
    }
    expect(fields).toEqual(FIELDS);
    expect(found.map(envelope => envelope.seq)).toEqual(found.map((_, index) => index));
  });

  it('keeps text as it was written, also beyond the basic plane', () => {
    const output = parseLines(LINES)
      .filter(isEnvelope)
      .find(envelope => envelope.event.kind === 'Output');
    expect(output?.event).toMatchObject({ text: 'Grüße 👋\n\u001b[31mrot\u001b[0m\n' });
  });

  it.each([
    '{"run_id": "r", "seq": 1, "at',
    'null',
    '7',
    '"text"',
    '[]',
    '{}',
    '{"seq": "1", "event": {"kind": "Output"}}',
    '{"seq": 1, "event": null}',
    '{"seq": 1, "event": {"kind": 7}}',
    '{"seq": 1.5, "event": {"kind": "Output"}}'
  ])('leaves out the line %s', line => {
    expect(parseLines(`${line}\n`)).toEqual([]);
  });

  it('tells the end of a tail from an event', () => {
    const [end] = parseLines('{"run": null}\n');
    expect(isEnd(end)).toBe(true);
    expect(isEnvelope(end)).toBe(false);
    const [event] = parseLines('{"run": 1, "seq": 0, "event": {"kind": "Output"}}\n');
    expect(isEnd(event)).toBe(false);
  });
});
