/**
 * The plugins: the panel with its commands, the status bar's item, and our runs
 * among the running sessions.
 */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';

import { ReleaseClient, StoreClient } from './client';
import { addCommands } from './commands';
import type { ILogOptions } from './log';
import { followNotebook } from './notebook';
import { AutoexecPanel } from './panel';
import { Places } from './places';
import { Releases } from './releases';
import { running } from './running';
import { Runs } from './runs';
import { status } from './status';
import { IRuns } from './tokens';
import { watchReleases } from './watching';

const ID = 'autoexec-magic:plugin';
/** How often the server is asked for runs: in sight, and not. */
const IN_SIGHT_MS = 1000;
const OUT_OF_SIGHT_MS = 5000;
const LONGEST_MS = 10_000;
const LOG_OPTIONS: ILogOptions = { scrollback: 100_000, screenReaderMode: false };

const plugin: JupyterFrontEndPlugin<IRuns> = {
  id: ID,
  description: 'Shows what runs, live, at the right of the notebook.',
  autoStart: true,
  provides: IRuns,
  optional: [
    INotebookTracker,
    ISettingRegistry,
    ITranslator,
    ILayoutRestorer,
    ICommandPalette,
    IThemeManager
  ],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    themes: IThemeManager | null
  ): IRuns => {
    const trans = (translator ?? nullTranslator).load('autoexec_magic');
    const runs = new Runs(new StoreClient(app.serviceManager.serverSettings));
    const places = new Places(app, tracker);
    places.follow(document.body);
    const releases = new Releases(new ReleaseClient(app.serviceManager.serverSettings));
    const panel = new AutoexecPanel(runs, releases, places, trans, LOG_OPTIONS);
    app.shell.add(panel, 'right', { rank: 510, type: 'Autoexec' });
    restorer?.add(panel, panel.id);
    themes?.themeChanged.connect(() => panel.log.recolour());

    let asked = 0;
    const poll = new Poll({
      name: ID,
      factory: async () => {
        const isInSight = panel.isVisible;
        if (!isInSight && Date.now() - asked < OUT_OF_SIGHT_MS) {
          return;
        }
        asked = Date.now();
        runs.isInSight = isInSight;
        await runs.refresh();
      },
      frequency: { interval: IN_SIGHT_MS, backoff: true, max: LONGEST_MS },
      standby: 'when-hidden' // a forgotten tab asks nothing
    });
    watchReleases(releases, panel.releasesTab);
    if (tracker) {
      followNotebook(app, tracker, runs, poll);
    }
    addCommands(app, panel, runs, places, trans, palette);
    registry
      ?.load(ID)
      .then(settings => {
        const take = () => {
          const given = settings.composite as Partial<ILogOptions>;
          panel.log.options = { ...LOG_OPTIONS, ...given };
        };
        settings.changed.connect(take);
        take();
      })
      .catch(reason => console.error(`${ID}: its settings cannot be read`, reason));
    return runs;
  }
};

export default [plugin, running, status];
export { IRuns };
