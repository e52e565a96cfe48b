// A reporter for Jest: tells of each test while it runs.
'use strict';

const { put, failure, shortened, value, within } = require('./records.cjs');

const OUTCOMES = { passed: 'passed', failed: 'failed', todo: 'skipped', pending: 'skipped', skipped: 'skipped', disabled: 'skipped', focused: 'passed' };
const ESCAPES = /\u001b\[[0-9;]*m/g;
const bare = (text) => String(text ?? '').replace(ESCAPES, '');

class Telling {
  constructor(config) {
    this.root = config?.rootDir ?? process.cwd();
    this.last = 0;
    this.open = new Map(); // path and full name -> ids
    this.told = new Map(); // path -> how often each name was told
  }

  onRunStart() {
    let version = '';
    try {
      version = require(require.resolve('jest/package.json', { paths: [this.root] })).version;
    } catch (error) {
      // it is known by another name, in a workspace's own folder
    }
    put('begin', { tool: 'jest', version, root: this.root });
  }

  onTestCaseStart(test, info) {
    const names = [...info.ancestorTitles, info.title];
    const key = JSON.stringify([test.path, names]);
    this.last += 1;
    this.open.set(key, [...(this.open.get(key) ?? []), this.last]);
    put('start', { i: this.last, file: within(this.root, test.path), names, line: info.location?.line ?? 0 });
  }

  onTestCaseResult(test, result) {
    this.tell(test.path, result);
  }

  tell(path, result) {
    const names = [...result.ancestorTitles, result.title];
    const key = JSON.stringify([path, names]);
    const [i, ...rest] = this.open.get(key) ?? [];
    if (rest.length > 0) this.open.set(key, rest);
    else this.open.delete(key);
    const told = this.told.get(path) ?? new Map();
    told.set(key, (told.get(key) ?? 0) + 1);
    this.told.set(path, told);
    const fields = { i: i ?? (this.last += 1), file: within(this.root, path), names, line: result.location?.line ?? 0 };
    fields.ms = result.duration ?? undefined;
    fields.outcome = OUTCOMES[result.status] ?? 'failed';
    if (result.status === 'todo') fields.reason = 'todo';
    if ((result.retryReasons ?? []).length > 0) fields.again = result.retryReasons.map((text) => said(text));
    if (fields.outcome === 'failed') {
      fields.failures = (result.failureMessages ?? []).map((text, at) => said(text, result.failureDetails?.[at]));
    }
    put('case', fields);
  }

  onTestResult(test, result) {
    const file = within(this.root, test.path);
    for (const line of result.console ?? []) {
      const stream = line.type === 'error' || line.type === 'warn' ? 'stderr' : 'stdout';
      put('out', { file, stream, text: `${line.message}\n` });
    }
    const told = this.told.get(test.path) ?? new Map();
    this.told.delete(test.path);
    for (const one of result.testResults ?? []) {
      const key = JSON.stringify([test.path, [...one.ancestorTitles, one.title]]);
      const count = told.get(key) ?? 0;
      if (count > 0) told.set(key, count - 1);
      else this.tell(test.path, one);
    }
    this.told.delete(test.path);
    if (result.testExecError) {
      put('unread', { file, failures: [{ ...said(result.failureMessage ?? ''), ...thrown(result.testExecError) }] });
    }
  }

  onRunComplete(contexts, results) {
    put('end', {
      counts: { tests: results.numTotalTests, failed: results.numFailedTests, skipped: results.numPendingTests + (results.numTodoTests ?? 0) },
    });
  }
}

function said(text, details) {
  const whole = bare(text);
  const [first] = whole.split('\n    at ', 1);
  const named = /^((?:[A-Z][\w$]*)?(?:Error|Exception)): /.exec(first);
  const message = named ? first.slice(named[0].length) : first;
  const fields = { type: named ? named[1] : '', message: shortened(message), text: shortened(whole) };
  const match = details?.matcherResult;
  if (match && 'actual' in match) {
    fields.type = 'AssertionError';
    Object.assign(fields, { op: match.name ?? '', left: value(match.actual), right: value(match.expected) });
  }
  return fields;
}

function thrown(error) {
  const fields = failure(error);
  return { type: error.type || fields.type, message: bare(fields.message) || bare(fields.text).split('\n', 1)[0] };
}

module.exports = Telling;
