/**
 * Tells the runs which notebook is in front, and looks for news when a cell runs.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { NotebookActions, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { Poll } from '@lumino/polling';

import type { Runs } from './runs';

/** A cell's run is on record so soon after the cell was sent, mostly. */
const SOON_MS = [60, 300];

export function followNotebook(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  runs: Runs,
  poll: Poll
): void {
  const look = () => {
    const panel = tracker.currentWidget;
    runs.notebook = {
      path: panel ? app.serviceManager.contents.localPath(panel.context.path) : '',
      kernel: panel?.sessionContext.session?.kernel?.id ?? ''
    };
  };
  const watch = (panel: NotebookPanel) => {
    panel.sessionContext.kernelChanged.connect(look);
    panel.context.pathChanged.connect(look);
  };
  tracker.forEach(watch);
  tracker.widgetAdded.connect((_, panel) => watch(panel));
  tracker.currentChanged.connect(look);
  look();

  const soon = () => {
    for (const ms of SOON_MS) {
      window.setTimeout(() => void poll.refresh(), ms);
    }
  };
  NotebookActions.executionScheduled.connect(soon);
  NotebookActions.executed.connect(soon);
}
