/**
 * What happened during a run, as values: the twin of `autoexec_magic/events.py`.
 *
 * `tests/data/events.jsonl` holds one of each; both test suites read it. A kind
 * or a field that is not known here comes from a newer writer and is ignored.
 */

export type Phase = 'install' | 'run' | 'test' | 'build' | 'deploy' | 'monitor';
export type Stream = 'stdout' | 'stderr';
export type Place = 'prompt' | 'panel';
export type Verdict =
  | 'running'
  | 'passed'
  | 'skipped'
  | 'failed'
  | 'invalid'
  | 'asked'
  | 'refused'
  | 'timed-out'
  | 'missing'
  | 'cancelled'
  | 'lost';

export interface IArtifact {
  artifact: 'wheel' | 'sdist' | 'npm' | 'image' | 'app';
  name: string;
  version: string;
  /** A file, or an image's name. */
  reference: string;
  digest: string;
  bytes: number;
  inputs_digest: string;
  lock_digest: string;
  provenance: [string, string][];
  beside: string[];
  warnings: string[];
}

/** What is made live; of the fields of `spec` those that the panel shows. */
export interface IRelease {
  service: string;
  target: string;
  /** It sorts by time. */
  release_id: string;
  spec: { artifact: string; reference: string; digest: string };
  place: string;
  started: number;
  notebook: string;
}

/** How a release fared: `code` is "deployed" or why it is not; `is_good`: it passed its gate. */
export interface IDeployed {
  release: IRelease;
  code: string;
  is_good: boolean;
  why: string;
  run_id: string;
  at: number;
}

export interface IDiagnosis {
  code: string;
  why: string;
  fix: string;
  confidence: string;
  where: string;
  evidence?: string[];
  frame?: IFrame | null;
  action?: IAction | null;
}

/** The user's own place of a failure; `line` counts from 1 within the file or cell. */
export interface IFrame {
  file: string;
  line: number;
  cell: string;
  cell_id: string;
  source: string;
  function: string;
}

/** A fix that can be carried out instead of typed. */
export interface IAction {
  kind: string;
  values: string[];
}

export interface IResolution {
  module: string;
  decision: string;
  distribution: string;
  evidence: string[];
}

/**
 * One of what a person may choose between. `answer` is the word that chooses
 * it and `fix` the command that does; `proved` whether it was looked into and is
 * what it is taken for, null where nobody could look; `why_not` why it cannot be
 * chosen, or "".
 */
export interface IChoice {
  answer: string;
  label: string;
  lines: string[];
  fix: string;
  proved: boolean | null;
  why_not: string;
}

/**
 * What is known of a test that did not pass: whose fault it is (`cls`), how sure
 * that is, and what to do; where it showed, what an assertion compared, and what was
 * said. `phase` is "collect", "setup", "call" or "teardown"; `line` counts from 1.
 */
export interface ICaseFailure {
  cls: string;
  confidence: string;
  why: string;
  fix: string;
  phase: string;
  file: string;
  line: number;
  source: string;
  op: string;
  left: string;
  right: string;
  text: string;
  stdout: string;
  stderr: string;
  /** The same for all that failed for the same cause, or "". */
  cause: string;
  /** How often it failed before, or "". */
  past?: string;
}

/** What several tests failed by: `count` of them, of which `nodeids` names the first. */
export interface ICaseCause {
  cause: string;
  cls: string;
  count: number;
  what: string;
  where: string;
  fix: string;
  confidence: string;
  nodeids: string[];
}

export type Event =
  | {
      kind: 'RunStarted';
      verb: string;
      title: string;
      cage: string;
      /** What provides the cage, the doors seen to be shut, and what is open all the same. */
      mechanism?: string;
      held?: number;
      tried?: number;
      open?: string[];
    }
  | { kind: 'PhaseStarted'; phase: Phase; title: string }
  /** `child` names the run of a sweep that it is of, here as below; an older writer knows of none. */
  | { kind: 'Output'; phase: Phase; stream: Stream; text: string; child?: string }
  | {
      kind: 'Truncated';
      phase: Phase;
      stream: Stream;
      dropped_bytes: number;
      after_bytes: number;
      child?: string;
    }
  | {
      kind: 'Flowing';
      phase: Phase;
      stream: Stream;
      passed_bytes: number;
      last_line: string;
      child?: string;
    }
  | { kind: 'Displayed'; phase: Phase; mimes: { [mime: string]: number }; name: string }
  | { kind: 'Wrote'; phase: Phase; name: string; size_bytes: number; mime: string }
  /** `seconds` is what earlier runs of them took, 0 where nobody knows. */
  | { kind: 'CasesCollected'; count: number; seconds: number }
  | { kind: 'CaseStarted'; nodeid: string }
  /** One that is told again was run again: the last word counts. */
  | {
      kind: 'CaseFinished';
      nodeid: string;
      verdict: string;
      seconds: number;
      message: string;
      /** An older writer knows none of these. */
      file?: string;
      line?: number;
      attempts?: number;
      failure?: ICaseFailure | null;
    }
  /** How all of them ended, when they have, those that never began as well; an older writer does not say. */
  | { kind: 'CasesCounted'; counts: { [verdict: string]: number } }
  | { kind: 'CausesFound'; failed: number; causes: ICaseCause[] }
  | { kind: 'Covered'; files: { file: string; statements: number; missed: number[] }[] }
  | { kind: 'ChildStarted'; child: string; number: number; total: number }
  | {
      kind: 'ChildFinished';
      child: string;
      verdict: Verdict;
      seconds: number;
      /** The code of its error, or "". */
      code?: string;
      exit_code?: number | null;
      why?: string;
      fix?: string;
      /** The same for all that failed for the same cause. */
      cause?: string;
    }
  | {
      kind: 'Asked';
      question: string;
      text: string;
      evidence: string[];
      answers: string[];
      place: Place;
      /** An older writer knows of none. */
      choices?: IChoice[];
    }
  | { kind: 'Answered'; question: string; answer: string; by: string }
  | { kind: 'Resolved'; resolution: IResolution }
  | {
      kind: 'Progress';
      phase: Phase;
      text: string;
      number: number;
      total: number;
    }
  | {
      kind: 'Installed';
      distribution: string;
      version: string;
      sha256: string;
      index: string;
      evidence?: string[];
      changed?: string[];
    }
  | {
      kind: 'Removed';
      distribution: string;
      version: string;
      /** Modules that go on as they were until the kernel is started anew. */
      loaded: string[];
    }
  | { kind: 'Stepped'; phase: Phase; label: string; seconds: number; is_cached: boolean }
  | { kind: 'Built'; artifact: IArtifact }
  /** `address` is where people reach it, or "". */
  | { kind: 'Released'; deployed: IDeployed; address: string }
  | {
      kind: 'Recorded';
      row: string;
      /** The row's number and hash, `ID:HASH`. */
      head: string;
    }
  | { kind: 'Diagnosed'; diagnosis: IDiagnosis; child?: string }
  | {
      kind: 'FixTried';
      /** Counts the rounds from 1; 0 is the end of all, and `why` says why. */
      number: number;
      /** The kind of action, or "model". */
      by: string;
      what: string;
      outcome: string;
      why: string;
      /** A unified diff, or "". */
      patch: string;
      doubts: string[];
      seconds: number;
    }
  | {
      kind: 'PhaseFinished';
      phase: Phase;
      verdict: Verdict;
      seconds: number;
    }
  | {
      kind: 'RunFinished';
      verdict: Verdict;
      seconds: number;
      why: string;
      fix: string;
      /** The newest row that the run wrote to the ledger, `ID:HASH`, or "". */
      ledger_head?: string;
    };

/**
 * An event as recorded: `seq` counts 0, 1, 2 … within the run, without gaps;
 * `at` is UTC, milliseconds since 1970.
 */
export interface IEnvelope {
  run_id: string;
  seq: number;
  at: number;
  event: Event;
}

/**
 * One run as the server lists it. `started` is UTC, milliseconds since 1970;
 * `path` is the notebook's path below the server's root, or ""; `asks` whether
 * the run waits for an answer from the panel.
 */
export interface IRun {
  run_id: string;
  verb: string;
  title: string;
  verdict: Verdict;
  seconds: number | null;
  started: number;
  cage: string;
  notebook: string;
  path: string;
  kernel: string;
  why: string;
  asks: boolean;
}

/**
 * The last line of a tail: how the run stands, or null where it is gone.
 */
export interface IEnd {
  run: IRun | null;
}

/**
 * Return the lines of `text` as values; a line that is none of ours is left out.
 */
export function parseLines(text: string): (IEnvelope | IEnd)[] {
  const found: (IEnvelope | IEnd)[] = [];
  for (const line of text.split('\n')) {
    if (!line.trim()) {
      continue;
    }
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      continue;
    }
    if (isEnvelope(value) || isEnd(value)) {
      found.push(value);
    }
  }
  return found;
}

export function isEnvelope(value: unknown): value is IEnvelope {
  const record = value as IEnvelope | null;
  return (
    typeof record === 'object' &&
    record !== null &&
    Number.isInteger(record.seq) &&
    typeof record.event === 'object' &&
    record.event !== null &&
    typeof record.event.kind === 'string'
  );
}

export function isEnd(value: unknown): value is IEnd {
  return (
    typeof value === 'object' &&
    value !== null &&
    'run' in value &&
    !isEnvelope(value)
  );
}
