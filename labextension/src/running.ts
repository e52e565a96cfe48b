/**
 * Our runs among JupyterLab's running sessions, where people look for what to end.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { CommandIDs } from './commands';
import { panelIcon } from './icon';
import { IRuns } from './tokens';

export const running: JupyterFrontEndPlugin<void> = {
  id: 'autoexec-magic:running',
  description: 'Lists our runs among the running sessions.',
  autoStart: true,
  requires: [IRuns],
  optional: [IRunningSessionManagers, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runs: IRuns,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('autoexec_magic');
    const cancel = (runId: string) => {
      runs.cancel(runId).catch(error => {
        Notification.error(trans.__('The run was not cancelled: %1', error.message));
      });
    };
    const changed = new Signal<unknown, void>({});
    let known = '';
    runs.changed.connect(() => {
      const now = runs.running.map(run => run.run_id).join();
      if (now !== known) {
        known = now;
        changed.emit();
      }
    });
    managers?.add({
      name: trans.__('Autoexec runs'),
      supportsMultipleViews: false,
      running: () =>
        runs.running.map(run => ({
          icon: () => panelIcon,
          label: () => `${run.verb} ${run.title}`,
          labelTitle: () => new Date(run.started).toLocaleString(),
          open: () => {
            runs.select(run.run_id);
            void app.commands.execute(CommandIDs.showPanel);
          },
          shutdown: () => cancel(run.run_id)
        })),
      shutdownAll: () => {
        runs.running.forEach(run => cancel(run.run_id));
      },
      refreshRunning: () => void runs.refresh().catch(() => undefined),
      runningChanged: changed,
      shutdownLabel: trans.__('Cancel'),
      shutdownAllLabel: trans.__('Cancel All'),
      shutdownAllConfirmationText: trans.__('End all runs, with everything they started?')
    });
  }
};
