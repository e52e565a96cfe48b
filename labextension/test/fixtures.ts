/** Runs and events for the tests. */
import type { Event, IEnvelope, IRun } from '../src/events';

export function runOf(change: Partial<IRun> = {}): IRun {
  return {
    run_id: '0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35',
    verb: 'sh',
    title: 'echo',
    verdict: 'running',
    seconds: null,
    started: 0,
    cage: 'open',
    notebook: '',
    path: '',
    kernel: '',
    why: '',
    asks: false,
    ...change
  };
}

/** The events as recorded, numbered from `first` on. */
export function recorded(events: Event[], first = 0): IEnvelope[] {
  return events.map((event, index) => ({ run_id: 'r', seq: first + index, at: 0, event }));
}

export function output(text: string): Event {
  return { kind: 'Output', phase: 'run', stream: 'stdout', text };
}

/** Let what is promised happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}
