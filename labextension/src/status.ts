/**
 * The status bar's item: how many of our runs are running, and that one waits for a person.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { CommandIDs } from './commands';
import { IRuns } from './tokens';
import { goingOn } from './words';

export const status: JupyterFrontEndPlugin<void> = {
  id: 'autoexec-magic:status',
  description: 'Says in the status bar how many of our runs are running, and how many wait for a person.',
  autoStart: true,
  requires: [IRuns],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    runs: IRuns,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('autoexec_magic');
    const button = document.createElement('button');
    button.className = 'jp-Autoexec-status';
    button.title = trans.__('Show Autoexec');
    button.onclick = () => void app.commands.execute(CommandIDs.showPanel);
    const node = document.createElement('div');
    node.appendChild(button);
    const item = new Widget({ node });
    const changed = new Signal<unknown, void>({});
    runs.changed.connect(() => {
      const text = goingOn(runs.running.length, runs.asking.length, trans);
      if (button.textContent !== text) {
        button.textContent = text;
        changed.emit();
      }
    });
    bar?.registerStatusItem('autoexec-magic:status', {
      item,
      align: 'left',
      rank: 100,
      isActive: () => runs.running.length > 0,
      activeStateChanged: changed
    });
  }
};
