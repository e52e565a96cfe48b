// Writes what a reporter sees as lines of JSON, each behind a mark that the tests do not know.
//
// The reporters beside this file share it; it needs nothing but Node. Tests may write to the same
// stream, so each line carries the mark that was made for this run alone, and its number; the
// variable that held the mark is gone before the first test is loaded. Without a mark nothing is written.
//
// Lines have `n` (0, 1, 2 ... without gaps) and `k`:
//   begin   tool, version, root
//   queue   i, file, names, line: a test that will run
//   start   i (and file, names, line if it was not queued): it runs
//   case    i, file, names, line, outcome, ms, reason, todo, phase, failures, out, err, again, uncounted
//   file    i, exit, signal: a file's own process is over
//   unread  file, failures: a file that could not be loaded
//   exit    file, exit, count, names, isTests: its own code ended its process, which had these tests
//   out     file, stream, text
//   fault   text
//   end     counts: tests, passed, failed, skipped, todo (those that the tool says)
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const url = require('node:url');
const util = require('node:util');

const VARIABLE = 'AUTOEXEC_RECORDS';
const TEXT = 20000;
const VALUE = 2000;

const mark = process.env[VARIABLE] || '';
delete process.env[VARIABLE];
if (process.env.NODE_OPTIONS) {
  // What a test starts is not to report as we do.
  process.env.NODE_OPTIONS = process.env.NODE_OPTIONS.split(' ')
    .filter((word) => !word.startsWith('--test-reporter'))
    .join(' ');
}

let number = 0;
let isOpen = mark !== '';

function put(k, fields) {
  if (!isOpen) return;
  const json = JSON.stringify({ n: number, k, ...fields }).replace(
    /[\u007f-\uffff]/g,
    (sign) => '\\u' + sign.charCodeAt(0).toString(16).padStart(4, '0'),
  );
  number += 1;
  write(Buffer.from(`${mark} ${json}\n`, 'ascii'));
}

function write(bytes) {
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(1, bytes));
    } catch (error) {
      if (error.code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      } else {
        isOpen = false; // whoever closed it will not read the rest either
        return;
      }
    }
  }
}

// A line of `…` for the middle: who masks secrets drops what is part of one beside it. Cuts are at lines'
// ends where those are near, as no shape of a secret goes over one.
function shortened(text, most = TEXT) {
  const whole = String(text);
  if (whole.length <= most) return whole;
  const half = most / 2 - 2;
  const head = whole.slice(0, half);
  const tail = whole.slice(-half);
  const end = head.lastIndexOf('\n');
  const start = tail.indexOf('\n');
  return `${end >= (half * 3) / 4 ? head.slice(0, end) : head}\n…\n${start < half / 4 ? tail.slice(start + 1) : tail}`;
}

function value(any) {
  try {
    return shortened(typeof any === 'string' ? JSON.stringify(any) : util.inspect(any, { depth: 4 }), VALUE);
  } catch (error) {
    return '<a value that cannot be shown>';
  }
}

function attempt(read) {
  try {
    return read();
  } catch (error) {
    return ''; // a test's own error may answer with another one
  }
}

// An error, or whatever else was thrown, as a failure.
function failure(error, more = {}) {
  if (error === null || (typeof error !== 'object' && typeof error !== 'function')) {
    return { type: typeof error, message: shortened(attempt(() => String(error))), text: '', ...more };
  }
  const fields = {
    type: String(attempt(() => error.name || error.constructor.name) || 'Error'),
    message: shortened(attempt(() => error.message) || ''),
    text: shortened(attempt(() => error.stack) || ''),
  };
  if (attempt(() => 'expected' in error && 'actual' in error)) {
    fields.op = String(attempt(() => error.operator) || '');
    fields.left = attempt(() => value(error.actual));
    fields.right = attempt(() => value(error.expected));
  }
  return { ...fields, ...more };
}

function within(root, file) {
  if (!file) return '';
  const plain = String(file).startsWith('file:') ? attempt(() => url.fileURLToPath(file)) : String(file);
  const relative = path.relative(root, path.resolve(root, plain));
  return relative.startsWith('..') ? path.resolve(root, plain) : relative.split(path.sep).join('/');
}

module.exports = { put, failure, shortened, value, within };
