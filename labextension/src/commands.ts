/**
 * The commands, for the palette, menus and shortcuts.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { panelIcon } from './icon';
import type { AutoexecPanel } from './panel';
import type { Runs } from './runs';

export namespace CommandIDs {
  export const showPanel = 'autoexec:show-panel';
  export const cancelRun = 'autoexec:cancel-run';
  export const followNewest = 'autoexec:follow-newest';
}

const NO_ARGUMENTS = { args: { type: 'object', properties: {} } };
const RUN_ID = { runId: { type: 'string', description: 'The run; by default the one shown' } };

export function addCommands(
  app: JupyterFrontEnd,
  panel: AutoexecPanel,
  runs: Runs,
  trans: TranslationBundle,
  palette: ICommandPalette | null
): void {
  const { commands } = app;
  const target = (given: unknown): string | undefined =>
    typeof given === 'string' ? given : runs.shown?.run.run_id;
  commands.addCommand(CommandIDs.showPanel, {
    label: trans.__('Show Autoexec'),
    caption: trans.__('Show what runs, live'),
    icon: panelIcon,
    describedBy: NO_ARGUMENTS,
    execute: () => app.shell.activateById(panel.id)
  });
  commands.addCommand(CommandIDs.cancelRun, {
    label: trans.__('Cancel Run'),
    caption: trans.__('End the run that is shown, with everything it started'),
    describedBy: { args: { type: 'object', properties: RUN_ID } },
    isEnabled: args => runs.running.some(run => run.run_id === target(args.runId)),
    execute: async args => {
      const runId = target(args.runId);
      if (runId !== undefined) {
        await runs.cancel(runId);
      }
    }
  });
  commands.addCommand(CommandIDs.followNewest, {
    label: trans.__("Follow This Notebook's Runs"),
    caption: trans.__('Show what this notebook runs, whenever it runs something'),
    describedBy: NO_ARGUMENTS,
    execute: () => runs.select(null)
  });
  runs.changed.connect(() => commands.notifyCommandChanged(CommandIDs.cancelRun));
  for (const command of Object.values(CommandIDs)) {
    palette?.addItem({ command, category: trans.__('Autoexec') });
  }
}
