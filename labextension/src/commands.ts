/**
 * The commands, for the palette, menus and shortcuts.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { panelIcon } from './icon';
import type { AutoexecPanel } from './panel';
import type { Places } from './places';
import type { Runs } from './runs';

export namespace CommandIDs {
  export const showPanel = 'autoexec:show-panel';
  export const showReleases = 'autoexec:show-releases';
  export const cancelRun = 'autoexec:cancel-run';
  export const followNewest = 'autoexec:follow-newest';
  export const goToLine = 'autoexec:go-to-line';
}

/** Those that need no arguments, for the palette. */
const ALONE = [CommandIDs.showPanel, CommandIDs.showReleases, CommandIDs.cancelRun, CommandIDs.followNewest];

const NO_ARGUMENTS = { args: { type: 'object', properties: {} } };
const PLACE = {
  cell: { type: 'string', description: 'The id of a cell of the notebook in front, or its number' },
  line: { type: 'integer', description: 'The line, from 1' }
};
const RUN_ID = { runId: { type: 'string', description: 'The run; by default the one shown' } };

export function addCommands(
  app: JupyterFrontEnd,
  panel: AutoexecPanel,
  runs: Runs,
  places: Places,
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
  commands.addCommand(CommandIDs.showReleases, {
    label: trans.__('Show Releases'),
    caption: trans.__('Show what was deployed, and what is live'),
    describedBy: NO_ARGUMENTS,
    execute: () => {
      app.shell.activateById(panel.id);
      panel.showReleases();
    }
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
  commands.addCommand(CommandIDs.goToLine, {
    label: trans.__('Go to the Line'),
    caption: trans.__('Go to a line of a cell of the notebook in front'),
    describedBy: { args: { type: 'object', properties: PLACE } },
    execute: args => places.inFront(`${args.cell}`, Number(args.line))
  });
  runs.changed.connect(() => commands.notifyCommandChanged(CommandIDs.cancelRun));
  for (const command of ALONE) {
    palette?.addItem({ command, category: trans.__('Autoexec') });
  }
}
