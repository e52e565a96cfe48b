/**
 * Of each service what is live, how it stands, and what was deployed.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';

import { isRollback } from './difference';
import { markOf, saidOf, type Releases } from './releases';
import { ago, faredOf, shortDigest } from './releasewords';
import { Stand } from './stand';
import type { IDifference, IListed, IService, IServiceName } from './tokens';
import { shortId } from './words';

interface IProps {
  releases: Releases;
  /** Show what would change, and return whether a person said yes. */
  ask: (service: IServiceName, difference: IDifference) => Promise<boolean>;
  /** Show the run that makes a release live. */
  follow: (runId: string) => void;
  trans: TranslationBundle;
}

export function Services(props: IProps): JSX.Element {
  const { releases, trans } = props;
  const said = sayingOf(releases, trans);
  return (
    <>
      {said && <p className="jp-Autoexec-saying">{said}</p>}
      {(releases.services ?? []).map(service => (
        <Service key={`${service.target}/${service.service}`} service={service} {...props} />
      ))}
      {releases.hasMore && <p className="jp-Autoexec-saying">{trans.__('There are more services: %autoexec releases')}</p>}
    </>
  );
}

/** The one sentence that stands above the list, or "". */
function sayingOf({ services, isMissing, reason }: Releases, trans: TranslationBundle): string {
  if (isMissing) {
    return trans.__('This server has no autoexec-magic extension that knows of releases.');
  }
  if (reason) {
    return reason;
  }
  if (services === null) {
    return trans.__('Looking for releases…');
  }
  return services.length
    ? ''
    : trans.__('Nothing was deployed yet. Type %autoexec deploy app.ipynb in a cell: it is served on this machine.');
}

function Service({ service, ...props }: IProps & { service: IService }): JSX.Element {
  const { releases, ask, follow, trans } = props;
  const [isBusy, setIsBusy] = useState(false);
  const [said, setSaid] = useState('');
  const [fault, setFault] = useState('');
  const title = trans.__('%1 on %2', service.service, service.target);
  useEffect(() => setSaid(''), [markOf(service)]); // what was begun has come to its end
  const makeLive = async (releaseId: string) => {
    setIsBusy(true);
    setFault('');
    setSaid(trans.__('Asking what that would change…'));
    try {
      const difference = await releases.difference(service, releaseId);
      setSaid('');
      if (await ask(service, difference)) {
        setSaid(trans.__('Begins…'));
        const runId = await releases.rollBack(service, releaseId);
        setSaid(trans.__('Run %1 does it; it is shown below.', shortId(runId)));
        follow(runId);
      }
    } catch (error) {
      const { why, fix } = saidOf(error);
      setSaid('');
      setFault(fix ? trans.__('%1; to do: %2', why, fix) : why);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <section className="jp-Autoexec-service" aria-label={title}>
      <h3>{title}</h3>
      <Stand service={service} releases={releases} trans={trans} />
      <p role="status">{said}</p>
      {fault && <p role="alert">{fault}</p>}
      <ul>
        {service.releases.map(release => (
          <Release
            key={release.release_id}
            {...{ service, release, isBusy }}
            makeLive={() => void makeLive(release.release_id)}
            {...props}
          />
        ))}
      </ul>
      {service.more && <p>{trans.__('There are older ones: %autoexec releases %1', service.service)}</p>}
    </section>
  );
}

interface IReleaseProps extends IProps {
  service: IService;
  release: IListed;
  isBusy: boolean;
  makeLive: () => void;
}

function Release({ service, release, isBusy, makeLive, releases, trans }: IReleaseProps): JSX.Element {
  const { release_id, digest, by, notebook, ended, why, run_id } = release;
  const { mark, word } = faredOf(release, trans);
  const live = releases.live(service);
  const isLive = release_id === live;
  const name = shortId(release_id);
  const lines = releases.lines(release_id);
  const isBack = isRollback(release_id, live);
  const file = notebook.slice(notebook.lastIndexOf('/') + 1);
  return (
    <li data-release={release_id} data-verdict={release.good ? 'passed' : 'failed'} aria-label={trans.__('Release %1', name)}>
      <p className="jp-Autoexec-release">
        <span className="jp-Autoexec-id" title={release_id}>{name}</span>
        {isLive && <strong className="jp-Autoexec-live">{trans.__('live')}</strong>}
        <span title={trans.__('run %1', shortId(run_id))}>
          <span aria-hidden="true">{mark}</span> {word}
        </span>
      </p>
      <p className="jp-Autoexec-made">
        <code title={digest}>{shortDigest(digest)}</code>
        {file && <span title={notebook}>{file}</span>}
        {by && <span>{trans.__('by %1', by)}</span>}
        <span className="jp-Autoexec-when" title={new Date(ended).toLocaleString()}>
          {ago(ended, Date.now(), trans)}
        </span>
      </p>
      {why && <p>{why}</p>}
      <p className="jp-Autoexec-do">
        <button
          disabled={isBusy}
          aria-label={isBack ? trans.__('Roll back to release %1', name) : trans.__('Deploy again: release %1', name)}
          title={trans.__('Shows what would change, and asks')}
          onClick={makeLive}
        >
          {isBack ? trans.__('Roll back') : trans.__('Deploy again')}
        </button>
        <button
          aria-label={trans.__('Logs of release %1', name)}
          aria-expanded={lines !== null}
          onClick={() => (lines ? releases.hideLogs(release_id) : void releases.showLogs(service, release_id))}
        >
          {trans.__('Logs')}
        </button>
        {lines && (
          <button
            aria-label={trans.__('Read the logs of release %1 again', name)}
            onClick={() => void releases.showLogs(service, release_id)}
          >
            {trans.__('Read again')}
          </button>
        )}
      </p>
      {lines && (
        <pre className="jp-Autoexec-said" tabIndex={0} aria-label={trans.__('The last lines of release %1', name)}>
          {lines.why || (lines.lines === null ? trans.__('Reading…') : lines.lines.join('\n') || trans.__('It wrote nothing.'))}
        </pre>
      )}
    </li>
  );
}
