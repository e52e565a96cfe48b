// A reporter for Vitest 3 and newer: tells of each test while it runs.
import { createRequire } from 'node:module';

const { put, failure, shortened, within } = createRequire(import.meta.url)('./records.cjs');
const ESCAPES = /\u001b\[[0-9;]*m/g;

export default class Telling {
  #root = process.cwd();
  #counts = { tests: 0, failed: 0, skipped: 0 };
  #ids = new Map();
  #last = 0;

  onInit(vitest) {
    this.#root = vitest.config?.root ?? this.#root;
    put('begin', { tool: 'vitest', version: vitest.version ?? '', root: this.#root });
  }

  onTestCaseReady(test) {
    if (this.#ids.has(test.id)) return;
    this.#last += 1;
    this.#ids.set(test.id, this.#last);
    put('start', { i: this.#last, ...this.#place(test) });
  }

  onTestCaseResult(test) {
    const { state, errors, note } = test.result();
    const facts = test.diagnostic?.();
    const fields = { i: this.#ids.get(test.id) ?? (this.#last += 1), ...this.#place(test), ms: facts?.duration };
    this.#ids.delete(test.id);
    this.#counts.tests += 1;
    fields.outcome = state === 'passed' || state === 'skipped' ? state : 'failed';
    if (state === 'skipped') {
      this.#counts.skipped += 1;
      fields.reason = note || (test.options?.mode === 'todo' ? 'todo' : '');
    }
    if (fields.outcome === 'failed') this.#counts.failed += 1;
    const all = (errors ?? []).map(said);
    if (fields.outcome === 'failed') fields.failures = all;
    else if (all.length > 0) fields.again = all; // an attempt that failed before one that did not
    put('case', fields);
  }

  onTestSuiteResult(suite) {
    this.#broken(suite, () => [...names(suite.parent), suite.name]);
  }

  onTestModuleEnd(module) {
    const errors = module.errors?.() ?? [];
    if (errors.length > 0) put('unread', { file: within(this.#root, module.moduleId), failures: errors.map(said) });
  }

  onUserConsoleLog(log) {
    put('out', { file: '', stream: log.type === 'stderr' ? 'stderr' : 'stdout', text: log.content });
  }

  onTestRunEnd(modules, errors) {
    for (const error of errors ?? []) {
      put('unread', { file: error.VITEST_TEST_PATH ? within(this.#root, error.VITEST_TEST_PATH) : 'unhandled', failures: [said(error)] });
    }
    put('end', { counts: this.#counts });
  }

  #place(test) {
    return {
      file: within(this.#root, test.module.moduleId),
      names: [...names(test.parent), test.name],
      line: test.location?.line ?? 0,
    };
  }

  #broken(suite, path) {
    const errors = suite.errors?.() ?? [];
    if (errors.length === 0) return;
    const place = { file: within(this.#root, suite.module.moduleId), names: path(), line: suite.location?.line ?? 0 };
    put('case', { i: (this.#last += 1), ...place, outcome: 'failed', phase: 'setup', uncounted: true, failures: errors.map(said) });
  }
}

function names(parent) {
  return parent && parent.type === 'suite' ? [...names(parent.parent), parent.name] : [];
}

function said(error) {
  const fields = failure(error);
  for (const [ours, theirs] of [['left', 'actual'], ['right', 'expected']]) {
    if (ours in fields && typeof error[theirs] === 'string') fields[ours] = shortened(error[theirs], 2000);
  }
  for (const word of ['message', 'text', 'left', 'right']) {
    if (word in fields) fields[word] = String(fields[word]).replace(ESCAPES, '');
  }
  return fields;
}
