/**
 * The list of runs: this notebook's first, then the others.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import type { IRun } from './events';
import type { Runs } from './runs';
import { markOf, shortId, timeOf, wordOf } from './words';

export class List extends ReactWidget {
  constructor(runs: Runs, trans: TranslationBundle) {
    super();
    this.addClass('jp-Autoexec-list');
    this._runs = runs;
    this._trans = trans;
  }

  protected render(): JSX.Element {
    return (
      <UseSignal signal={this._runs.changed}>
        {() => <Groups runs={this._runs} trans={this._trans} />}
      </UseSignal>
    );
  }

  private _runs: Runs;
  private _trans: TranslationBundle;
}

interface IProps {
  runs: Runs;
  trans: TranslationBundle;
}

function Groups({ runs, trans }: IProps): JSX.Element {
  const said = sayingOf(runs, trans);
  if (said) {
    return <p className="jp-Autoexec-saying">{said}</p>;
  }
  return (
    <>
      <Group title={trans.__('This notebook')} list={runs.mine} runs={runs} trans={trans} />
      <Group title={trans.__('Other runs')} list={runs.others} runs={runs} trans={trans} />
      {runs.hasMore && (
        <button
          className="jp-Autoexec-more"
          onClick={() => void runs.more().catch(() => undefined)}
        >
          {trans.__('Older runs')}
        </button>
      )}
    </>
  );
}

/** The one sentence that stands instead of the list, or "". */
function sayingOf({ answers, reason, runs }: Runs, trans: TranslationBundle): string {
  switch (answers) {
    case 'missing':
      return trans.__(
        'This server has no autoexec-magic extension: cells work, runs are not shown here; install autoexec-magic in the environment that starts Jupyter.'
      );
    case 'silent':
      return runs.length ? '' : trans.__('The server does not answer; trying again.');
    case 'refused':
      return reason;
    case 'unknown':
      return trans.__('Looking for runs…');
    default:
      return runs.length
        ? ''
        : trans.__('Nothing ran yet. Type %load_ext autoexec_magic in a cell, and %%autoexec on the first line of another.');
  }
}

function Group(
  props: IProps & { title: string; list: ReadonlyArray<IRun> }
): JSX.Element | null {
  const { title, list, runs, trans } = props;
  if (list.length === 0) {
    return null;
  }
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <ul>
        {list.map(run => (
          <Row key={run.run_id} run={run} runs={runs} trans={trans} />
        ))}
      </ul>
    </section>
  );
}

function Row({ run, runs, trans }: IProps & { run: IRun }): JSX.Element {
  const isShown = runs.shown?.run.run_id === run.run_id;
  const when = new Date(run.started).toLocaleTimeString();
  const took = run.seconds === null ? '' : timeOf(run.seconds);
  return (
    <li>
      <button
        className="jp-Autoexec-run"
        aria-current={isShown ? 'true' : undefined}
        title={`%autoexec runs show ${shortId(run.run_id)}${run.why ? `\n${run.why}` : ''}`}
        data-run={run.run_id}
        data-verdict={run.verdict}
        onClick={() => runs.select(run.run_id)}
      >
        <span className="jp-Autoexec-verdict">
          <span aria-hidden="true">{markOf(run.asks ? 'asked' : run.verdict)}</span>{' '}
          {run.asks ? trans.__('asks') : wordOf(run.verdict, trans)}
        </span>
        <span className="jp-Autoexec-title">
          {run.verb} {run.title}
        </span>
        <span className="jp-Autoexec-when">{took || when}</span>
      </button>
    </li>
  );
}
