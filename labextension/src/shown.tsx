/**
 * Draws the run that is shown, anew when it changes or another one takes its place.
 */
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import type { RunModel } from './model';
import type { Runs } from './runs';

interface IProps {
  runs: Runs;
  draw: (model: RunModel) => JSX.Element;
}

export function Shown({ runs, draw }: IProps): JSX.Element {
  return (
    <UseSignal signal={runs.changed}>
      {() => {
        const model = runs.shown;
        return (
          <>
            {model && (
              <UseSignal signal={model.changed} key={model.run.run_id}>
                {() => draw(model)}
              </UseSignal>
            )}
          </>
        );
      }}
    </UseSignal>
  );
}
