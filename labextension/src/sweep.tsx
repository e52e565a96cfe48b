/**
 * The runs of a sweep in the panel: counts, and a table of those that did not pass.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IChildren } from './children';
import type { Verdict } from './events';
import { markOf, timeOf, wordOf } from './words';

interface IProps {
  children: IChildren;
  isOver: boolean;
  trans: TranslationBundle;
}

export function Sweep({ children, isOver, trans }: IProps): JSX.Element {
  const { total, running, counts, bad, more } = children;
  const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const left = total - done - running;
  const words = Object.entries(counts).map(
    ([verdict, count]) => `${count} ${wordOf(verdict as Verdict, trans)}`
  );
  if (!isOver) {
    words.push(trans.__('%1 running', running));
  }
  if (left > 0) {
    words.push(isOver ? trans.__('%1 not run', left) : trans.__('%1 to come', left));
  }
  return (
    <section className="jp-Autoexec-sweep" aria-label={trans.__('Runs of the sweep')}>
      <p>
        {trans.__('%1 runs', total)}: {words.join(', ')}
      </p>
      {bad.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{trans.__('run')}</th>
              <th scope="col">{trans.__('verdict')}</th>
              <th scope="col">{trans.__('time')}</th>
              <th scope="col">{trans.__('why')}</th>
            </tr>
          </thead>
          <tbody>
            {bad.map(({ child, verdict, seconds, code, why }) => (
              <tr key={child} data-verdict={verdict}>
                <th scope="row">{child}</th>
                <td>
                  <span aria-hidden="true">{markOf(verdict)}</span> {wordOf(verdict, trans)}
                </td>
                <td>{timeOf(seconds)}</td>
                <td title={why}>{why || code}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p>{trans.__('… and %1 more that did not pass', more)}</p>}
    </section>
  );
}
