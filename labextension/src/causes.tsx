/**
 * What the tests failed by: "37 failures, 2 causes", each opening to its tests.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import type { Cases, ICase } from './cases';
import type { ICaseCause } from './events';

/** Causes that are listed at first, and at most, and tests that are listed of one; of more it says how many there are. */
const FIRST_CAUSES = 5;
const MOST_CAUSES = 50;
const MOST_TESTS = 10;

interface IProps {
  cases: Cases;
  /** The cause whose tests alone are shown, or "". */
  chosen: string;
  /** Show the tests of a cause alone; of "" all. */
  narrow: (cause: string) => void;
  choose: (item: ICase, isByKey: boolean) => void;
  copy: (text: string, label?: string) => JSX.Element;
  trans: TranslationBundle;
}

export function Causes(props: IProps): JSX.Element | null {
  const { cases, trans } = props;
  const [isWhole, setIsWhole] = useState(false);
  const { failed, causes } = cases.found;
  if (causes.length === 0) {
    return null;
  }
  const failures = trans._n('%1 failure', '%1 failures', failed);
  const most = isWhole ? MOST_CAUSES : FIRST_CAUSES;
  const more = causes.length - most;
  return (
    <section className="jp-Autoexec-causes" aria-label={trans.__('Causes')}>
      <p>
        {failures}, {trans._n('%1 cause', '%1 causes', causes.length)}
      </p>
      {causes.slice(0, most).map(cause => (
        <Cause key={cause.cause} {...props} cause={cause} />
      ))}
      {more > 0 &&
        (isWhole ? (
          <p>{trans._n('… and %1 more cause', '… and %1 more causes', more)}</p>
        ) : (
          <button onClick={() => setIsWhole(true)}>
            {trans._n('Show %1 more cause', 'Show %1 more causes', more)}
          </button>
        ))}
    </section>
  );
}

function Cause({ cause, cases, chosen, narrow, choose, copy, trans }: IProps & { cause: ICaseCause }): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  const { cls, count, what, where, fix, confidence } = cause;
  const isNarrowed = chosen === cause.cause;
  return (
    <details onToggle={event => setIsOpen(event.currentTarget.open)}>
      <summary>
        {count.toLocaleString('en')} × <code>{cls}</code>
        {confidence === 'likely' && ` ${trans.__('(likely)')}`}
        {where && !what.includes(where) && ` ${trans.__('at')} ${where}`}: {what}
      </summary>
      {isOpen && (
        <>
          {fix && (
            <p>
              {trans.__('fix:')} <code>{fix}</code> {copy(fix, trans.__('Copy the fix'))}
            </p>
          )}
          <Members cause={cause} all={cases.of(cause)} choose={choose} trans={trans} />
          <button aria-pressed={isNarrowed} onClick={() => narrow(isNarrowed ? '' : cause.cause)}>
            {trans.__('Only these tests')}
          </button>
        </>
      )}
    </details>
  );
}

interface IMembersProps extends Pick<IProps, 'choose' | 'trans'> {
  cause: ICaseCause;
  all: readonly ICase[];
}

function Members({ cause, all, choose, trans }: IMembersProps): JSX.Element {
  const left = cause.count - Math.min(MOST_TESTS, all.length);
  return (
    <ul>
      {all.slice(0, MOST_TESTS).map(item => (
        <li key={item.key}>
          {/* A key that presses a button has no place in the page. */}
          <button className="jp-Autoexec-place" onClick={event => choose(item, event.detail === 0)}>
            {item.key}
          </button>
        </li>
      ))}
      {left > 0 && <li>{trans._n('… and %1 more', '… and %1 more', left)}</li>}
    </ul>
  );
}
