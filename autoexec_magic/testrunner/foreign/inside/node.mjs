// A reporter for Node's own test runner: tells of each test while it runs.
//
// Node tells twice: as things happen (enqueue, dequeue, complete), and in the order in which they are
// written (start, pass, fail), where a file waits for those before it. The first is told on where it is
// clear whose subtest a test is; the second fills in the rest, and is all that older versions say.
import { createRequire } from 'node:module';

const { put, failure, shortened, within } = createRequire(import.meta.url)('./records.cjs');
const root = process.cwd();
const key = process.env.AUTOEXEC_EXITS ?? ''; // what exits.cjs begins its line with, in the process of a file

let last = 0;
const live = new Map(); // file -> the open tests, in the order in which they began
const waiting = new Map(); // key -> ids that were told, or began, and whose pass or fail is still to come
const order = new Map(); // file -> names by nesting, of what is written in order
const counts = {};

const fileOf = (data) => within(root, data.file || data.name);
const keyOf = (data) => JSON.stringify([fileOf(data), data.nesting, data.line, data.column, data.name]);
const isFile = (data) => data.nesting === 0 && within(root, data.name) === fileOf(data);
const isSuite = (data) => (data.details?.type ?? data.type) === 'suite';

// The names around a test that runs now; null where two of them are open at once.
function parents(data) {
  if (isFile(data) || data.nesting === 0) return [];
  const open = (live.get(fileOf(data)) ?? []).filter((one) => one.nesting === data.nesting - 1);
  const mine = data.parentId === undefined ? open : open.filter((one) => one.testId === data.parentId);
  return mine.length === 1 ? mine[0].names : null;
}

function entry(data, names) {
  last += 1;
  return {
    i: last,
    nesting: data.nesting,
    testId: data.testId,
    key: keyOf(data),
    isFile: isFile(data),
    isTold: false,
    isGroup: data.type === 'suite', // not every event says so
    names: isFile(data) ? [] : [...names, data.name],
    place: { file: fileOf(data), line: isFile(data) ? 0 : data.line ?? 0 },
  };
}

function remember(one) {
  waiting.set(one.key, [...(waiting.get(one.key) ?? []), one]);
  return one;
}

function enqueued(data) {
  const names = parents(data);
  if (names === null) return;
  const one = remember(entry(data, names));
  if (!one.isGroup) put('queue', { i: one.i, ...one.place, names: one.names });
}

function began(data) {
  const one = (waiting.get(keyOf(data)) ?? []).find((each) => !each.isRunning);
  if (one === undefined) return;
  one.isRunning = true;
  const file = fileOf(data);
  if (!one.isFile) live.set(file, [...(live.get(file) ?? []), one]);
  if (!one.isGroup) put('start', { i: one.i });
}

function ended(data, one) {
  const file = fileOf(data);
  const open = (live.get(file) ?? []).filter((each) => each !== one);
  if (open.length > 0) live.set(file, open);
  else live.delete(file);
}

function completed(data) {
  const one = (waiting.get(keyOf(data)) ?? []).find((each) => each.isRunning && !each.isTold)
    ?? (waiting.get(keyOf(data)) ?? []).find((each) => !each.isTold);
  if (one === undefined) return;
  if (one.isFile) {
    const error = data.details?.error;
    put('file', { i: one.i, file: one.place.file, exit: error?.exitCode ?? (error ? null : 0), signal: error?.signal ?? '' });
    return;
  }
  ended(data, one);
  one.isTold = true;
  tell(data, one, data.details?.passed !== false);
}

// Pass and fail, in the order in which they are written.
function written(data, passed) {
  const file = fileOf(data);
  const names = order.get(file) ?? [];
  const around = isFile(data) ? [] : names.slice(0, data.nesting);
  const key = keyOf(data);
  const [one, ...rest] = waiting.get(key) ?? [];
  if (rest.length > 0) waiting.set(key, rest);
  else waiting.delete(key);
  if (one?.isTold) return;
  if (one !== undefined) ended(data, one);
  tell(data, one ?? entry(data, around), passed);
}

function tell(data, one, passed) {
  const details = data.details ?? {};
  const error = details.error;
  const kind = error?.failureType ?? '';
  if (isSuite(data) && (passed || kind === 'subtestsFailed')) {
    put('case', { i: one.i, outcome: 'none' });
    return;
  }
  const fields = { i: one.i, ...one.place, names: one.names, ms: details.duration_ms };
  fields.outcome = passed ? 'passed' : 'failed';
  if (data.skip !== undefined && passed) fields.outcome = 'skipped';
  for (const word of ['skip', 'todo', 'expectFailure']) {
    if (data[word] !== undefined && data[word] !== false) {
      fields.reason = typeof data[word] === 'string' ? data[word] : '';
      if (word !== 'skip') fields[word === 'todo' ? 'todo' : 'expected'] = true;
    }
  }
  if (isSuite(data)) fields.uncounted = true;
  if (error) fields.failures = [cause(error, kind, fields)];
  put('case', fields);
}

function cause(error, kind, fields) {
  const inner = error.cause;
  const more = { kind };
  if (kind === 'hookFailed') {
    fields.phase = /after/i.test(error.message) ? 'teardown' : 'setup';
    more.note = shortened(error.message);
  }
  if (error.exitCode !== undefined) Object.assign(more, { exit: error.exitCode, signal: error.signal });
  if (inner !== null && typeof inner === 'object') return failure(inner, more);
  return { type: '', message: shortened(String(inner ?? error.message)), text: shortened(error.stack ?? ''), ...more };
}

const held = new Map(); // file -> the end of what it wrote, which may be the beginning of a line of ours

// What a file's process wrote, without our line in it.
function wrote(data) {
  const file = within(root, data.file);
  const [before, ...notes] = key ? `${held.get(file) ?? ''}${data.message}`.split(`\n${key} `) : [data.message];
  held.delete(file);
  let text = before;
  for (const note of notes) {
    const end = note.indexOf('\n');
    if (end < 0) {
      held.set(file, `\n${key} ${note}`);
      break;
    }
    exited(file, note.slice(0, end));
    text += note.slice(end + 1);
  }
  const rest = held.has(file) ? 0 : begun(text);
  if (rest > 0) held.set(file, text.slice(-rest));
  if (text.length > rest) put('out', { file, stream: 'stdout', text: text.slice(0, text.length - rest) });
}

// How much of a text's end may be the beginning of our line.
function begun(text) {
  const mark = `\n${key} `;
  for (let size = Math.min(mark.length - 1, text.length); key && size > 1; size -= 1) {
    if (text.endsWith(mark.slice(0, size))) return size;
  }
  return 0;
}

function exited(file, said) {
  const { names = [], ...fields } = JSON.parse(said);
  put('exit', { file, ...fields, names: names.map(([from, ...more]) => [within(root, from), ...more]) });
}

const SAYS = /^(tests|suites|pass|fail|cancelled|skipped|todo) (\d+)$/;

const TAKES = {
  'test:enqueue': enqueued,
  'test:dequeue': began,
  'test:complete': completed,
  'test:start': (data) => {
    if (isFile(data)) return;
    const file = fileOf(data);
    order.set(file, [...(order.get(file) ?? []).slice(0, data.nesting), data.name]);
  },
  'test:pass': (data) => written(data, true),
  'test:fail': (data) => written(data, false),
  'test:stdout': wrote,
  'test:stderr': (data) => put('out', { file: within(root, data.file), stream: 'stderr', text: data.message }),
  'test:diagnostic': (data) => {
    const said = data.nesting === 0 && data.file === undefined && SAYS.exec(data.message);
    if (said) counts[said[1]] = Number(said[2]);
    else put('out', { file: data.file ? fileOf(data) : '', stream: 'stdout', text: `# ${data.message}\n` });
  },
};

export default async function* report(source) {
  put('begin', { tool: 'node', version: process.version.slice(1), root });
  for await (const { type, data } of source) {
    try {
      TAKES[type]?.(data);
    } catch (error) {
      put('fault', { text: `the reporter failed at ${type}: ${error?.message}` });
    }
  }
  for (const [file, text] of held) put('out', { file, stream: 'stdout', text });
  put('end', { counts: { tests: counts.tests, failed: (counts.fail ?? 0) + (counts.cancelled ?? 0), skipped: counts.skipped } });
  yield '';
}
