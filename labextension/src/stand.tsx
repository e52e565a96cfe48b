/**
 * How a service stands, as its platform says: what is live, whether it is well, and what somebody else changed.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Releases } from './releases';
import type { IService, IStanding } from './tokens';
import { shortId } from './words';

interface IProps {
  service: IService;
  releases: Releases;
  trans: TranslationBundle;
}

export function Stand({ service, releases, trans }: IProps): JSX.Element {
  const { standing, why, fix, isAsked } = releases.stand(service);
  return (
    <div className="jp-Autoexec-stand">
      {standing ? <Standing standing={standing} trans={trans} /> : <p>{recordOf(service, trans)}</p>}
      {why && <p role="alert">{fix ? trans.__('Its platform does not say: %1; to do: %2', why, fix) : why}</p>}
      {standing?.drift.map(line => (
        <p key={line} className="jp-Autoexec-drift">
          <span aria-hidden="true">!</span> {trans.__('changed by somebody else: %1', line)}
        </p>
      ))}
      {service.open.map(one => (
        <p key={one.release_id}>
          <span aria-hidden="true">{one.is_left ? '!' : '●'}</span>{' '}
          {one.is_left
            ? trans.__(
                'A deploy of release %1 was left at %2: %autoexec deploy %3 --resume, or --abort',
                shortId(one.release_id),
                one.step,
                service.service
              )
            : trans.__('Release %1 is being deployed: %2', shortId(one.release_id), one.step)}
        </p>
      ))}
      <button disabled={isAsked} onClick={() => void releases.ask(service)}>
        {isAsked ? trans.__('Asking…') : trans.__('Ask its platform again')}
      </button>
    </div>
  );
}

function Standing({ standing, trans }: { standing: IStanding; trans: TranslationBundle }): JSX.Element {
  const { release_id, digest, unwell, address } = standing;
  if (!release_id && !digest) {
    return <p>{trans.__('– nothing is live')}</p>;
  }
  const name = release_id ? shortId(release_id) : trans.__('(not ours)');
  return (
    <p data-verdict={unwell ? 'failed' : 'passed'}>
      <span aria-hidden="true">{unwell ? '✗' : '✓'}</span>{' '}
      {unwell ? trans.__('%1 is live, not well: %2', name, unwell) : trans.__('%1 is live and well', name)}
      {address && (
        <>
          {' · '}
          <a href={address} target="_blank" rel="noopener noreferrer">
            {address}
          </a>
        </>
      )}
    </p>
  );
}

/** What the record says is live, where the platform was not asked yet, or does not say. */
function recordOf({ live }: IService, trans: TranslationBundle): string {
  if (live === null) {
    return trans.__('The record does not know what is live.');
  }
  return live ? trans.__('The record says that %1 is live.', shortId(live)) : trans.__('The record says that nothing is live.');
}
