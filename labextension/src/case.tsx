/**
 * One test, as far as there is something to say of it: why it failed, what to do,
 * where, what was compared, and what pytest and the test wrote.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef } from 'react';

import type { ICase } from './cases';
import type { ICaseFailure } from './events';
import { commandOf, standOfCase, took } from './words';
import { Where } from './why';

/** What colours a terminal, which this is not. */
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g;

interface IProps {
  item: ICase;
  isOver: boolean;
  isCell: boolean;
  /** Whether it was asked for with a key: the focus goes to it then. */
  isByKey: boolean;
  /** Its number among those that failed, from 1, and how many they are; 0 for one that did not. */
  number: number;
  many: number;
  /** Returns what goes to a place, or null. */
  goes: (file: string, line: number) => (() => Promise<void>) | null;
  /** Show the next one that failed, or the one before. */
  step: (by: number) => void;
  close: () => void;
  copy: (text: string, label?: string) => JSX.Element;
  trans: TranslationBundle;
}

export function CaseDetail(props: IProps): JSX.Element {
  const { item, isCell, isByKey, close, copy, trans } = props;
  const node = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isByKey) {
      node.current?.focus({ preventScroll: true });
    }
    node.current?.scrollIntoView?.({ block: 'nearest' });
  }, [item.key]);
  const pressed = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };
  return (
    <section
      className="jp-Autoexec-case"
      aria-label={trans.__('Test %1', item.key)}
      tabIndex={-1}
      ref={node}
      onKeyDown={pressed}
      data-verdict={item.verdict}
    >
      <Head {...props} />
      <p>
        <code>{item.key}</code> {copy(commandOf(isCell, item.key), trans.__('Copy the command'))}
      </p>
      <Reason {...props} />
      {item.failure && <Said failure={item.failure} trans={trans} />}
    </section>
  );
}

/** How it ended, and the way to the other failures. */
function Head({ item, isOver, number, many, step, close, trans }: IProps): JSX.Element {
  const { mark, word } = standOfCase(item, isOver, trans);
  const { failure } = item;
  return (
    <div className="jp-Autoexec-head">
      <h4>
        <span aria-hidden="true">{mark}</span> {word}
        {took(item.seconds) && ` · ${took(item.seconds)}`}
        {failure && failure.phase !== 'call' && ` · ${trans.__('in %1', failure.phase)}`}
        {item.attempts > 1 && ` · ${trans.__('at attempt %1', item.attempts)}`}
      </h4>
      {many > 1 && (
        <>
          <button onClick={() => step(-1)} aria-label={trans.__('The failure before')}>
            ↑
          </button>
          <span>{number > 0 ? trans.__('%1 of %2', number, many) : trans.__('%1 failed', many)}</span>
          <button onClick={() => step(1)} aria-label={trans.__('The next failure')}>
            ↓
          </button>
        </>
      )}
      <button onClick={close} aria-label={trans.__('Close')} title={trans.__('Back to the tests (Esc)')}>
        ×
      </button>
    </div>
  );
}

/** Why it failed, what to do, and where. */
function Reason({ item, goes, copy, trans }: IProps): JSX.Element {
  const { failure } = item;
  const [file, line] = failure?.file ? [failure.file, failure.line] : [item.path, item.line];
  const isKnown = failure !== null && failure.cls !== '' && failure.cls !== 'unknown';
  return (
    <>
      {failure?.why ? (
        <p>
          {isKnown && <code>{failure.cls}</code>}
          {failure.confidence === 'likely' && ` ${trans.__('(likely)')}`}
          {isKnown && ': '}
          {failure.why}
        </p>
      ) : (
        item.message && <p>{item.message}</p>
      )}
      {failure?.fix && (
        <p>
          {trans.__('fix:')} <code>{failure.fix}</code> {copy(failure.fix, trans.__('Copy the fix'))}
        </p>
      )}
      {file && (
        <p>
          {trans.__('at')} <Where go={goes(file, line)} words={line ? `${file}:${line}` : file} trans={trans} />
          {failure?.source && (
            <>
              {' '}
              <code>{failure.source}</code>
            </>
          )}
        </p>
      )}
    </>
  );
}

function Said({ failure, trans }: { failure: ICaseFailure; trans: TranslationBundle }): JSX.Element {
  const { op, text, stdout, stderr } = failure;
  return (
    <>
      {op && <Compared failure={failure} trans={trans} />}
      {text.trim() && <Text label={trans.__('What pytest says')} text={text} />}
      {stdout.trim() && <Text label={trans.__('Its output')} title="stdout" text={stdout} />}
      {stderr.trim() && <Text label={trans.__('Its errors')} title="stderr" text={stderr} />}
    </>
  );
}

function Compared({ failure, trans }: { failure: ICaseFailure; trans: TranslationBundle }): JSX.Element {
  const { op } = failure;
  const [left, right] = [plain(failure.left), plain(failure.right)];
  const [before, behind] = op === '==' ? common(left, right) : [0, 0];
  const sides: [string, string][] = [
    [trans.__('left'), left],
    [trans.__('right'), right]
  ];
  return (
    <table className="jp-Autoexec-compared" aria-label={trans.__('What was compared')}>
      <tbody>
        {sides.map(([name, value], index) => (
          <tr key={index}>
            <th scope="row">
              {index === 1 && <code>{op}</code>} {name}
            </th>
            <td>
              {value.slice(0, before)}
              {before + behind > 0 ? <b>{value.slice(before, value.length - behind)}</b> : value}
              {behind > 0 && value.slice(value.length - behind)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A box of text; a line of pytest's that says the error is known by its `E`. */
function Text({ label, title, text }: { label: string; title?: string; text: string }): JSX.Element {
  return (
    <>
      {title && <p>{title}</p>}
      <pre className="jp-Autoexec-said" role="region" aria-label={label} tabIndex={0}>
        {title
          ? plain(text)
          : plain(text)
              .replace(/\n+$/, '')
              .split('\n')
              .map((line, index) => (
                <span key={index} data-line={/^E( |$)/.test(line) ? 'error' : undefined}>
                  {`${line}\n`}
                </span>
              ))}
      </pre>
    </>
  );
}

function plain(text: string): string {
  return text.replace(ESCAPES, '');
}

/** How many characters two texts have in common in front, and behind; none where they are the same. */
export function common(left: string, right: string): [number, number] {
  if (left === right) {
    return [0, 0];
  }
  const most = Math.min(left.length, right.length);
  let before = 0;
  while (before < most && left[before] === right[before]) {
    before += 1;
  }
  let behind = 0;
  while (behind < most - before && left[left.length - 1 - behind] === right[right.length - 1 - behind]) {
    behind += 1;
  }
  // What is two units in a text is one character.
  before -= /[\ud800-\udbff]/.test(left[before - 1] ?? '') ? 1 : 0;
  behind -= /[\udc00-\udfff]/.test(left[left.length - behind] ?? '') ? 1 : 0;
  return [before, behind];
}
