/**
 * One run: how it stands, what it asks, why it failed. The log is beside it.
 */
import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React, { useCallback, useEffect, useState } from 'react';

import type { IArtifact } from './events';
import type { IFlow, IState, IStep, RunModel } from './model';
import type { Places } from './places';
import { Question } from './question';
import type { Runs } from './runs';
import { Shown } from './shown';
import { Sweep } from './sweep';
import { Tests, type ILook } from './tests';
import { Why } from './why';
import { releasedOf } from './releasewords';
import { cageOf, sentenceOf, shortId, soFar, standOf, timeOf } from './words';

/** A run that was asked to end and goes on: what it runs does not listen. */
const STUBBORN_MS = 5000;

export class Detail extends ReactWidget {
  constructor(runs: Runs, places: Places, trans: TranslationBundle) {
    super();
    this.addClass('jp-Autoexec-detail');
    this._runs = runs;
    this._places = places;
    this._trans = trans;
  }

  protected render(): JSX.Element {
    const [runs, places, trans] = [this._runs, this._places, this._trans];
    return (
      <Shown
        runs={runs}
        draw={model => <Run model={model} runs={runs} places={places} look={this._look} trans={trans} />}
      />
    );
  }

  private _look: ILook = { filter: 'all', text: '' };
  private _places: Places;
  private _runs: Runs;
  private _trans: TranslationBundle;
}

interface IProps {
  model: RunModel;
  runs: Runs;
  trans: TranslationBundle;
}

function Run({ model, runs, places, look, trans }: IProps & { places: Places; look: ILook }): JSX.Element {
  const { state, run } = model;
  const copy = useCallback(
    (text: string, label?: string) => <Copy text={text} label={label} trans={trans} />,
    [trans]
  );
  const { verdict, mark, word } = standOf(state, trans);
  return (
    <>
      <div className="jp-Autoexec-head">
        <h3 data-verdict={verdict}>
          <span aria-hidden="true">{mark}</span> {word} · {state.verb} · <Time state={state} />
        </h3>
        <Copy text={`%autoexec runs show ${shortId(run.run_id)}`} trans={trans} />
        <Cancel model={model} runs={runs} trans={trans} />
      </div>
      <p className="jp-Autoexec-command" title={state.title}>
        {state.title}
      </p>
      <Notes state={state} trans={trans} />
      <Phases state={state} trans={trans} />
      {state.children && (
        <Sweep children={state.children} isOver={state.verdict !== 'running'} trans={trans} />
      )}
      {state.question && (
        <Question
          key={state.question.question}
          question={state.question}
          give={answer => runs.answer(run.run_id, state.question?.question ?? '', answer)}
          trans={trans}
        />
      )}
      {state.verdict !== 'running' && (
        <Why
          model={model}
          places={places}
          copy={text => copy(text, trans.__('Copy the fix'))}
          trans={trans}
        />
      )}
      <Tests model={model} look={look} places={places} copy={copy} trans={trans} />
      <p role="status" className="jp-Autoexec-unseen">
        {sentenceOf(state, trans, model.cases)}
      </p>
    </>
  );
}

/** The time it took, or what it has taken so far, by the second. */
function Time({ state }: { state: IState }): JSX.Element {
  const [now, setNow] = useState(Date.now());
  const isRunning = state.verdict === 'running';
  useEffect(() => {
    if (!isRunning) {
      return;
    }
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [isRunning]);
  if (state.seconds !== null) {
    return <>{timeOf(state.seconds)}</>;
  }
  if (!isRunning) {
    return <>–</>;
  }
  return <>{soFar((now - state.started) / 1000)}</>;
}

interface ICopyProps {
  text: string;
  label?: string;
  trans: TranslationBundle;
}

function Copy({ text, label, trans }: ICopyProps): JSX.Element {
  return (
    <button title={trans.__('Copy: %1', text)} onClick={() => Clipboard.copyToSystem(text)}>
      {label ?? trans.__('Copy')}
    </button>
  );
}

function Cancel({ model, runs, trans }: IProps): JSX.Element | null {
  const [said, setSaid] = useState('');
  const [isAsked, setIsAsked] = useState(false);
  useEffect(() => {
    if (!isAsked) {
      return;
    }
    const isKernels = model.run.kernel !== '' && model.run.cage === 'none';
    const late = isKernels
      ? trans.__('It does not listen. Restart the kernel to end it.')
      : trans.__('It has not ended yet.');
    const timer = window.setTimeout(() => {
      setIsAsked(false);
      setSaid(late);
    }, STUBBORN_MS);
    return () => window.clearTimeout(timer);
  }, [isAsked]);
  if (model.state.verdict !== 'running' || model.state.isGone) {
    return null;
  }
  const end = async () => {
    setIsAsked(true);
    setSaid('');
    try {
      await runs.cancel(model.run.run_id);
    } catch (error) {
      setIsAsked(false);
      setSaid(error instanceof Error ? error.message : `${error}`);
    }
  };
  return (
    <>
      <button
        className="jp-Autoexec-cancel"
        disabled={isAsked}
        title={`%autoexec cancel ${shortId(model.run.run_id)}`}
        onClick={() => void end()}
      >
        {isAsked ? trans.__('Ending…') : trans.__('Cancel')}
      </button>
      {said && <span role="alert">{said}</span>}
    </>
  );
}

function Notes({ state, trans }: { state: IState; trans: TranslationBundle }): JSX.Element {
  const notes = [
    ...state.installed.map(name => `+ ${name}`),
    state.step && state.verdict === 'running' ? stepped(state.step, trans) : '',
    state.verdict === 'running' ? state.doing : '',
    ...state.built.map(made),
    ...state.released.map(one => releasedOf(one, trans)),
    ...[state.flows.stdout, state.flows.stderr].map(flow => (flow ? passing(flow, trans) : '')),
    cageOf(state, trans),
    ...(state.isGone ? [trans.__('This run was removed from the record.')] : []),
    ...(state.isConnected ? [] : [trans.__('The server does not answer; trying again.')])
  ];
  return <p className="jp-Autoexec-notes">{notes.filter(Boolean).join(' · ')}</p>;
}

/** Which step ended last, and how long it took. */
function stepped(step: IStep, trans: TranslationBundle): string {
  return `${step.label}: ${step.isCached ? trans.__('cached') : timeOf(step.seconds)}`;
}

/** What was built, and how to know it again. */
function made(artifact: IArtifact): string {
  const known = artifact.reference.includes(artifact.digest) ? '' : ` (${artifact.digest.slice(0, 19)}…)`;
  return `→ ${artifact.reference}${known}`;
}

function passing({ bytes, line }: IFlow, trans: TranslationBundle): string {
  const size = Math.round(bytes / 2 ** 20).toLocaleString('en');
  return line
    ? trans.__('%1 MiB more, not shown, at last: %2', size, line)
    : trans.__('%1 MiB more, not shown', size);
}

function Phases({ state, trans }: { state: IState; trans: TranslationBundle }): JSX.Element {
  return (
    <ol className="jp-Autoexec-phases" aria-label={trans.__('Phases')}>
      {state.phases.map(({ phase, title, verdict, seconds }, index) => {
        const stand = standOf(state, trans, verdict);
        return (
          <li key={index} data-verdict={stand.verdict} title={title}>
            <span aria-hidden="true">{stand.mark}</span> {phase}: {stand.word}
            {seconds !== null && `, ${timeOf(seconds)}`}
          </li>
        );
      })}
    </ol>
  );
}
