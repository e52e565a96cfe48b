/**
 * The tab of the releases; `services.tsx` draws it.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import type { Releases } from './releases';
import { Services } from './services';
import type { IDifference, IServiceName } from './tokens';
import { saidYes } from './yes';

export class ReleaseList extends ReactWidget {
  /** `follow` shows the run that makes a release live. */
  constructor(releases: Releases, follow: (runId: string) => void, trans: TranslationBundle) {
    super();
    this.addClass('jp-Autoexec-list');
    this.addClass('jp-Autoexec-releases');
    this._releases = releases;
    this._follow = follow;
    this._trans = trans;
  }

  protected render(): JSX.Element {
    const [releases, follow, trans] = [this._releases, this._follow, this._trans];
    const ask = (service: IServiceName, difference: IDifference) => saidYes(service, difference, trans);
    return (
      <UseSignal signal={releases.changed}>
        {() => <Services releases={releases} ask={ask} follow={follow} trans={trans} />}
      </UseSignal>
    );
  }

  private _releases: Releases;
  private _follow: (runId: string) => void;
  private _trans: TranslationBundle;
}
