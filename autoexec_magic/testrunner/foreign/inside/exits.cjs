// Tells which tests a file had when its own code ended the process: Node passes such a file if the code was 0.
//
// Loaded before anything else in the process of each test file. What Node tells of tests reaches the
// runner some turns of the loop later, so of a process that ends at once the last results are lost, with
// all that had not begun. Here they are still known: as names, in one line behind the run's key, into the
// stream of which the runner reads the results, behind these. The key is gone before the file is loaded.
'use strict';

const VARIABLE = 'AUTOEXEC_EXITS';
const MOST = 500; // of the tests by name
const CHARS = 500; // of a name
const TESTS = /\bnode:test\b/;

const key = process.env[VARIABLE] || '';
const isFile = /^child/.test(process.env.NODE_TEST_CONTEXT || '');

if (key && isFile && require('node:worker_threads').isMainThread) {
  delete process.env[VARIABLE]; // what a test starts is not ours
  if (process.env.NODE_OPTIONS) {
    const bare = (word) => word.replace(/[\\"]/g, '');
    const words = process.env.NODE_OPTIONS.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
    process.env.NODE_OPTIONS = words.filter((word) => bare(word) !== bare(`--require=${__filename}`)).join(' ');
  }
  watch();
}

function watch() {
  const fs = require('node:fs');
  const [stringify, writeSync, readFileSync] = [JSON.stringify, fs.writeSync, fs.readFileSync];
  const script = process.argv[1];
  const tests = [];
  require('node:async_hooks')
    .createHook({
      init(id, type, trigger, resource) {
        if (type === 'Test') tests.push(resource); // as Node's runner calls each test, suite and hook
      },
    })
    .enable();

  const end = process.reallyExit; // every way to end it from within goes through this, and no other end does
  process.reallyExit = function reallyExit(code) {
    try {
      const found = tests.filter((test) => test.constructor.name === 'Test' && test.parent);
      const names = found.slice(0, MOST).map((test) => [test.loc?.file ?? script, ...around(test)]);
      const isTests = found.length > 0 || usesTests();
      tell(`\n${key} ${stringify({ exit: Number(code) || 0, count: found.length, names, isTests })}\n`);
    } catch {
      tell(`\n${key} {}\n`);
    }
    return end.call(process, code);
  };

  function usesTests() {
    if (process.moduleLoadList.includes('NativeModule test')) return true;
    return TESTS.test(readFileSync(script, 'utf8'));
  }

  function tell(line) {
    let bytes = Buffer.from(line, 'utf8');
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(1, bytes));
      } catch (error) {
        if (error.code !== 'EAGAIN') return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      }
    }
  }
}

function around(test) {
  const names = [];
  for (let one = test; one?.parent; one = one.parent) names.unshift(String(one.name).slice(0, CHARS));
  return names;
}
