/**
 * The panel at the right: the runs, or the releases, and one run live. It draws;
 * what it draws is in `runs.ts`, `releases.ts` and `model.ts`.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import { Panel, SplitPanel } from '@lumino/widgets';
import React, { useState } from 'react';

import { Detail } from './detail';
import { panelIcon } from './icon';
import { List } from './list';
import { Log, type ILogOptions } from './log';
import type { RunModel } from './model';
import type { Places } from './places';
import { ReleaseList } from './releaselist';
import type { Releases } from './releases';
import type { Runs } from './runs';
import { Shown } from './shown';
import { Tabs } from './tabs';

const RELEASES = 'releases';

export class AutoexecPanel extends SplitPanel {
  constructor(
    runs: Runs,
    releases: Releases,
    places: Places,
    trans: TranslationBundle,
    options: ILogOptions
  ) {
    super({ orientation: 'vertical', spacing: 1 });
    this.id = 'autoexec-panel';
    this.addClass('jp-Autoexec');
    this.title.icon = panelIcon;
    this.title.caption = trans.__('Autoexec: what runs, live');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Autoexec'));

    this.log = new Log(trans, options);
    const run = new Panel();
    run.addClass('jp-Autoexec-shown');
    run.addWidget(new Detail(runs, places, trans));
    run.addWidget(new Bar(this.log, runs, trans));
    run.addWidget(this.log);
    const list = new ReleaseList(releases, runId => runs.select(runId), trans);
    this._tabs = new Tabs(
      [
        { id: 'runs', label: trans.__('Runs'), widget: new List(runs, trans) },
        { id: RELEASES, label: trans.__('Releases'), widget: list }
      ],
      trans.__('What is shown above the run')
    );
    this._tabs.selected.connect(this._share, this);
    this.addWidget(this._tabs);
    this.addWidget(run);
    this.releasesTab = { isInSight: () => list.isVisible, selected: this._tabs.selected };
    this._runs = runs;
    runs.changed.connect(this._show, this);
    this._show();
  }

  readonly log: Log;

  /** Whether the releases are in sight, and when they may have come into it. */
  readonly releasesTab: { isInSight: () => boolean; selected: ISignal<unknown, string> };

  showReleases(): void {
    this._tabs.select(RELEASES);
  }

  dispose(): void {
    this._runs.changed.disconnect(this._show, this);
    super.dispose();
  }

  private _show(): void {
    this.log.run = this._runs.shown;
    const run = this.widgets[1];
    const isShown = this._runs.shown !== null;
    if (isShown && run.isHidden) {
      run.show();
      this._share();
    } else if (!isShown) {
      run.hide();
    }
  }

  /** What is looked at gets the most room. */
  private _share(): void {
    if (!this.widgets[1].isHidden) {
      this.setRelativeSizes(this._tabs.current === RELEASES ? [3, 2] : [1, 3]);
    }
  }

  private _runs: Runs;
  private _tabs: Tabs;
}

/** Above the log: follow, find, how many lines there are. */
class Bar extends ReactWidget {
  constructor(log: Log, runs: Runs, trans: TranslationBundle) {
    super();
    this.addClass('jp-Autoexec-bar');
    this._log = log;
    this._runs = runs;
    this._trans = trans;
  }

  protected render(): JSX.Element {
    const [log, runs, trans] = [this._log, this._runs, this._trans];
    return (
      <Shown
        runs={runs}
        draw={model => <Tools log={log} runs={runs} model={model} trans={trans} />}
      />
    );
  }

  private _log: Log;
  private _runs: Runs;
  private _trans: TranslationBundle;
}

interface IToolsProps {
  log: Log;
  runs: Runs;
  model: RunModel;
  trans: TranslationBundle;
}

function Tools({ log, runs, model, trans }: IToolsProps): JSX.Element {
  const { lines } = model.state;
  const [text, setText] = useState<string | null>(null);
  const [words, setWords] = useState('');
  const [isFound, setIsFound] = useState(true);
  const find = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter') {
      setIsFound(log.find(words, event.shiftKey) || !words);
    }
  };
  return (
    <>
      <span data-lines={lines}>{trans._n('%1 line', '%1 lines', lines)}</span>
      <input
        type="search"
        placeholder={trans.__('Find')}
        aria-label={trans.__('Find in the output; Enter for the next place, Shift+Enter for the one before')}
        aria-invalid={!isFound}
        value={words}
        onChange={event => {
          setWords(event.target.value);
          setIsFound(true);
        }}
        onKeyDown={find}
      />
      <UseSignal signal={log.changed}>
        {() => (
          <>
            {log.newLines > 0 && (
              <button onClick={() => log.follow()}>
                {trans._n('↓ %1 new line', '↓ %1 new lines', log.newLines)}
              </button>
            )}
          </>
        )}
      </UseSignal>
      <button
        aria-expanded={text !== null}
        title={trans.__('Show the last lines as text, to read and to copy')}
        onClick={() => setText(text === null ? model.tail : null)}
      >
        {trans.__('Text')}
      </button>
      {!runs.isFollowing && (
        <button
          title={trans.__('Show what this notebook runs, whenever it runs something')}
          onClick={() => runs.select(null)}
        >
          {trans.__('Follow')}
        </button>
      )}
      {text !== null && (
        <pre tabIndex={0} aria-label={trans.__('The last lines')}>
          {text}
        </pre>
      )}
    </>
  );
}
