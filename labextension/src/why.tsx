/**
 * Why a run failed: the same as the card in the cell says.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import type { RunModel } from './model';
import type { Places } from './places';
import { whyOf } from './words';

interface IWhyProps {
  model: RunModel;
  places: Pick<Places, 'of'>;
  /** Draws the button that copies a text. */
  copy: (text: string) => JSX.Element;
  trans: TranslationBundle;
}

export function Why({ model, places, copy, trans }: IWhyProps): JSX.Element | null {
  const { state, run } = model;
  const { diagnosis } = state;
  const why = whyOf(state, trans);
  const fix = diagnosis?.fix || state.fix;
  if (!why) {
    return null;
  }
  return (
    <section className="jp-Autoexec-why" aria-label={trans.__('Diagnosis')}>
      <p>
        {diagnosis && <code>{diagnosis.code}</code>}
        {diagnosis?.confidence === 'likely' && ` ${trans.__('(likely)')}`}
        {diagnosis?.where && (
          <>
            {' '}
            {trans.__('at')} <Where go={places.of(run, diagnosis.frame)} words={diagnosis.where} trans={trans} />
          </>
        )}
        {diagnosis && ': '}
        {why}
      </p>
      {diagnosis?.evidence?.map((item, index) => (
        <p key={index} className="jp-Autoexec-because">
          {trans.__('because: %1', item)}
        </p>
      ))}
      {fix && (
        <p>
          {trans.__('fix:')} <code>{fix}</code> {copy(fix)}
        </p>
      )}
    </section>
  );
}

interface IWhereProps {
  go: (() => Promise<void>) | null;
  words: string;
  trans: TranslationBundle;
}

/** The place of a failure: a button that goes there, where there is a way. */
export function Where({ go, words, trans }: IWhereProps): JSX.Element {
  const [said, setSaid] = useState('');
  if (!go) {
    return <span>{words}</span>;
  }
  const went = () => {
    setSaid('');
    go().catch(error => setSaid(error instanceof Error ? error.message : `${error}`));
  };
  return (
    <>
      <button className="jp-Autoexec-place" title={trans.__('Go to %1', words)} onClick={went}>
        {words}
      </button>
      {said && <span role="alert"> {said}</span>}
    </>
  );
}
