/**
 * One run as a fold over its events. Knows neither the page nor the network.
 */
import { Signal, type ISignal } from '@lumino/signaling';

import { Cases, isCaseEvent } from './cases';
import { Labelled, withChild, type IChildren } from './children';
import type {
  Event,
  IArtifact,
  IChoice,
  IDeployed,
  IDiagnosis,
  IEnvelope,
  IRun,
  Stream,
  Verdict
} from './events';
import { collapsed } from './screen';

const LAST_LINES = 200;
const LAST_CHARS = 40_000;

export interface IPhase {
  phase: string;
  title: string;
  verdict: Verdict;
  seconds: number | null;
}

export interface IQuestion {
  question: string;
  text: string;
  evidence: string[];
  answers: string[];
  place: string;
  choices: IChoice[];
}

/** What a stream writes that is not shown: how much so far, and its last line. */
export interface IFlow {
  bytes: number;
  line: string;
}

/**
 * How a run stands. `seconds` is null while it runs; `lines` counts the line
 * ends written so far, `droppedBytes` what was not kept of its output, `flows`
 * what passes by now. Of the cage's `tried` doors `held` are shut; `open` names
 * what is open.
 */
export interface IState {
  verb: string;
  title: string;
  cage: string;
  held: number;
  tried: number;
  open: string[];
  verdict: Verdict;
  started: number;
  seconds: number | null;
  why: string;
  fix: string;
  phases: IPhase[];
  installed: string[];
  built: IArtifact[];
  released: IReleased[];
  /** The step of a build that ended last. */
  step: IStep | null;
  /** What a build is at, in its own words; empty once that ended. */
  doing: string;
  diagnosis: IDiagnosis | null;
  question: IQuestion | null;
  children: IChildren | null;
  lines: number;
  droppedBytes: number;
  flows: { [stream in Stream]?: IFlow };
  isGone: boolean;
  isConnected: boolean;
}

export interface IReleased {
  deployed: IDeployed;
  address: string;
}

export interface IStep {
  label: string;
  seconds: number;
  isCached: boolean;
}

export class RunModel {
  constructor(readonly run: IRun) {
    this._state = {
      verb: run.verb,
      title: run.title,
      cage: run.cage,
      held: 0,
      tried: 0,
      open: [],
      verdict: 'running',
      started: run.started,
      seconds: null,
      why: '',
      fix: '',
      phases: [],
      installed: [],
      built: [],
      released: [],
      step: null,
      doing: '',
      diagnosis: null,
      question: null,
      children: null,
      lines: 0,
      droppedBytes: 0,
      flows: {},
      isGone: false,
      isConnected: true
    };
  }

  /** The tests of the run: the same object for as long as it is followed. */
  readonly cases = new Cases();

  /** Emitted when `state` is another one, or `cases` have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with what was written, in order, in pieces of any size. */
  get output(): ISignal<this, string> {
    return this._output;
  }

  get state(): Readonly<IState> {
    return this._state;
  }

  /** The number of the last event that was folded in; -1 before the first. */
  get last(): number {
    return this._last;
  }

  /** The last lines as a terminal shows them, without colours, at most `LAST_LINES`. */
  get tail(): string {
    return collapsed(this._tail)
      .slice(-LAST_LINES - 1)
      .join('\n');
  }

  onEvents(envelopes: IEnvelope[]): void {
    const written: string[] = [];
    let lines = this._state.lines;
    for (const { seq, at, event } of envelopes) {
      if (seq <= this._last) {
        continue;
      }
      this._last = seq;
      if (event.kind === 'Output') {
        if (event.phase !== 'install') {
          // An installer's chatter is left out.
          const { child, stream, text } = event;
          const shown = child ? this._labelled.feed(child, stream, text) : text;
          written.push(shown);
          lines += linesIn(shown);
        }
      } else if (isCaseEvent(event)) {
        this.cases.take(event, at);
      } else {
        this._state = { ...this._state, ...folded(this._state, event) };
        if (event.kind === 'Truncated') {
          written.push(cut(event.dropped_bytes, event.child));
        } else if (event.kind === 'ChildFinished') {
          const rest = this._labelled.rest(event.child);
          written.push(rest);
          lines += linesIn(rest);
        }
      }
    }
    this._set({ lines }, written.join(''));
  }

  onEnd(run: IRun | null): void {
    if (run === null) {
      this._set({ isGone: true, question: null });
    } else if (this._state.verdict === 'running') {
      // Without a last event: its owner died, and the server found out.
      const { verdict, seconds, why } = run;
      if (verdict === 'running') {
        this._set({ seconds, why });
        return;
      }
      // What ran then has no end of its own either.
      const phases = this._state.phases.map(phase =>
        phase.verdict === 'running' ? { ...phase, verdict } : phase
      );
      this._set({ verdict, seconds, why, phases, question: null, flows: {} });
    }
  }

  onConnected(isConnected: boolean): void {
    if (isConnected !== this._state.isConnected) {
      this._set({ isConnected });
    }
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private _set(change: Partial<IState>, written = ''): void {
    this._state = { ...this._state, ...change };
    if (written) {
      this._tail = (this._tail + written).slice(-LAST_CHARS);
      this._output.emit(written);
    }
    this._changed.emit();
  }

  private _state: IState;
  private _last = -1;
  private _tail = '';
  private _labelled = new Labelled();
  private _changed = new Signal<this, void>(this);
  private _output = new Signal<this, string>(this);
}

/** Return what changes by `event`; nothing where its kind is not known. */
function folded(state: IState, event: Event): Partial<IState> {
  switch (event.kind) {
    case 'RunStarted': {
      const { verb, title, cage, held, tried, open } = event;
      return { verb, title, cage, held: held ?? 0, tried: tried ?? 0, open: open ?? [] };
    }
    case 'PhaseStarted': {
      const { phase, title } = event;
      const begun: IPhase = { phase, title, verdict: 'running', seconds: null };
      return { phases: [...state.phases, begun] };
    }
    case 'PhaseFinished': {
      const { phase, verdict, seconds } = event;
      return {
        phases: state.phases.map(item =>
          item.phase === phase && item.verdict === 'running'
            ? { ...item, verdict, seconds }
            : item
        )
      };
    }
    case 'Truncated':
      return {
        droppedBytes: state.droppedBytes + event.dropped_bytes,
        flows: { ...state.flows, [event.stream]: undefined }
      };
    case 'Flowing': {
      const flow = { bytes: event.passed_bytes, line: event.last_line };
      return { flows: { ...state.flows, [event.stream]: flow } };
    }
    case 'Asked': {
      const { question, text, evidence, answers, place, choices } = event;
      // An older writer does not say where: it asked at the prompt.
      const asked = { question, text, evidence, answers };
      return { question: { ...asked, place: place ?? 'prompt', choices: choices ?? [] } };
    }
    case 'Answered':
      return state.question?.question === event.question
        ? { question: null }
        : {};
    case 'Installed':
      return {
        installed: [
          ...state.installed,
          `${event.distribution} ${event.version}`
        ]
      };
    case 'Progress': // of a build: a step that takes long, while it is at work
      return event.phase === 'build' ? { doing: event.text } : {};
    case 'Stepped': {
      const { label, seconds, is_cached } = event;
      return { step: { label, seconds, isCached: is_cached }, doing: '' };
    }
    case 'Built':
      return { built: [...state.built, event.artifact] };
    case 'Released': {
      const { deployed, address } = event;
      return { released: [...state.released, { deployed, address }] };
    }
    case 'ChildStarted':
      return { children: withChild(state.children, event) };
    case 'ChildFinished':
      return { children: withChild(state.children, event), flows: {} };
    case 'Diagnosed':
      // What one of many failed by is in its row.
      return event.child ? {} : { diagnosis: event.diagnosis };
    case 'RunFinished': {
      const { verdict, seconds, why, fix } = event;
      return { verdict, seconds, why, fix, question: null, flows: {} };
    }
    default:
      return {};
  }
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    lines += 1;
  }
  return lines;
}

function cut(bytes: number, child = ''): string {
  const whose = child ? ` of ${child}` : '';
  return `\x1b[2m… ${bytes.toLocaleString('en')} bytes${whose} were not kept\x1b[0m\n`;
}
