import { LabIcon } from '@jupyterlab/ui-components';

import panelSvg from '../style/panel.svg';

export const panelIcon = new LabIcon({
  name: 'autoexec-magic:panel',
  svgstr: panelSvg
});
