/**
 * The yes before a release is made live, with all that it would change.
 */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Difference, isRollback } from './difference';
import type { IDifference, IServiceName } from './tokens';
import { shortId } from './words';

/** Show what would change, and return whether a person said yes. */
export async function saidYes(
  service: IServiceName,
  difference: IDifference,
  trans: TranslationBundle
): Promise<boolean> {
  const { to, live } = difference;
  const name = shortId(to);
  const isBack = isRollback(to, live);
  const result = await showDialog({
    title: isBack
      ? trans.__('Roll %1 on %2 back to release %3?', service.service, service.target, name)
      : trans.__('Deploy release %3 of %1 to %2 again?', service.service, service.target, name),
    body: <Difference difference={difference} trans={trans} />,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Change Nothing') }),
      Dialog.warnButton({ label: isBack ? trans.__('Roll Back to %1', name) : trans.__('Deploy %1 Again', name) })
    ],
    defaultButton: 0 // what changes nothing
  });
  return result.button.accept;
}
