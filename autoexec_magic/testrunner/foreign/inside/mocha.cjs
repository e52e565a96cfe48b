// A reporter for Mocha: tells of each test while it runs.
'use strict';

const { put, failure, within } = require('./records.cjs');

class Telling {
  constructor(runner) {
    const root = process.cwd();
    const open = new Map(); // a test -> its id
    let last = 0;
    const counts = { tests: 0, failed: 0, skipped: 0 };
    const isDone = new Set();

    const place = (test) => ({
      file: within(root, test.file),
      names: test.titlePath ? test.titlePath() : [test.title],
      line: 0,
    });
    const key = (test) => JSON.stringify([test.file, place(test).names]); // each attempt is a test of its own
    const idOf = (test) => open.get(key(test)) ?? (last += 1);
    const tell = (test, outcome, more = {}) => {
      put('case', { i: idOf(test), ...place(test), outcome, ms: test.duration, ...more });
      open.delete(key(test));
    };

    runner.once('start', () => {
      put('begin', { tool: 'mocha', version: versionOf(root), root });
    });
    runner.on('test', (test) => {
      if (open.has(key(test))) return;
      open.set(key(test), (last += 1));
      put('start', { i: last, ...place(test) });
    });
    const again = new Map();
    runner.on('retry', (test, error) => {
      const title = key(test);
      again.set(title, [...(again.get(title) ?? []), failure(error)]);
    });
    const tries = (test) => {
      const title = key(test);
      const before = again.get(title);
      again.delete(title);
      return before ? { again: before } : {};
    };
    runner.on('pass', (test) => {
      counts.tests += 1;
      tell(test, 'passed', tries(test));
    });
    runner.on('pending', (test) => {
      counts.tests += 1;
      counts.skipped += 1;
      tell(test, 'skipped');
    });
    runner.on('fail', (test, error) => {
      if (test.type === 'hook') {
        const phase = /after/i.test(test.title) ? 'teardown' : 'setup';
        tell(test, 'failed', { phase, uncounted: true, failures: [failure(error)] });
      } else if (isDone.has(test)) {
        tell(test, 'failed', { uncounted: true, failures: [failure(error)] }); // it called back twice
      } else {
        counts.tests += 1;
        counts.failed += 1;
        tell(test, 'failed', { failures: [failure(error)], ...tries(test) });
      }
      isDone.add(test);
    });
    runner.once('end', () => put('end', { counts }));
  }
}

function versionOf(root) {
  try {
    return require(require.resolve('mocha/package.json', { paths: [root] })).version;
  } catch (error) {
    return '';
  }
}

module.exports = Telling;
