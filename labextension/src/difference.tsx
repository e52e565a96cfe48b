/**
 * What making a release live would change, field by field.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { shortDigest } from './releasewords';
import type { IDifference } from './tokens';
import { shortId } from './words';

/** Whether making a release live is a rollback: it is older than what is live. */
export function isRollback(releaseId: string, live: string | null): boolean {
  return live !== null && live !== '' && releaseId < live;
}

interface IProps {
  difference: IDifference;
  trans: TranslationBundle;
}

export function Difference({ difference, trans }: IProps): JSX.Element {
  const { to, live, is_known, changes, drift } = difference;
  return (
    <div className="jp-Autoexec-yes">
      <p>
        {live
          ? trans.__('Live now is release %1, as its platform says.', shortId(live))
          : trans.__('Nothing that was deployed from here is live now.')}
      </p>
      {!is_known && <p>{trans.__('The record does not have what is live: all that %1 runs with is shown.', shortId(to))}</p>}
      {changes.length > 0 ? (
        <Changes difference={difference} trans={trans} />
      ) : (
        <p>{to === live ? trans.__('It is started anew as it is.') : trans.__('All that it runs with is the same.')}</p>
      )}
      {drift.length > 0 && (
        <>
          <p>{trans.__('Somebody else changed what is live; that is taken back:')}</p>
          <ul>
            {drift.map(line => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
      <p>{trans.__('It has to pass the same gate as a deploy; where it does not, what is live now is put back.')}</p>
    </div>
  );
}

function Changes({ difference, trans }: IProps): JSX.Element {
  const { changes } = difference;
  return (
    <table>
      <caption>{trans._n('%1 field changes', '%1 fields change', changes.length)}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Field')}</th>
          <th scope="col">{trans.__('Now')}</th>
          <th scope="col">{trans.__('Then')}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ name, now, new: then }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td title={now}>{shown(now) || trans.__('(none)')}</td>
            <td title={then}>{shown(then) || trans.__('(none)')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A value as the table shows it: of a digest its first digits tell. */
function shown(value: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(value) ? `${shortDigest(value)}…` : value;
}
