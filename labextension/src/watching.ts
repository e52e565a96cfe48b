/**
 * The releases are asked for as long as somebody looks at them, and never else.
 */
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';

import type { Releases } from './releases';

const IN_SIGHT_MS = 2000;
const LONGEST_MS = 15_000;

export interface ISight {
  isInSight: () => boolean;
  /** Emitted when the releases may have come into sight. */
  selected: ISignal<unknown, unknown>;
}

export function watchReleases(releases: Releases, { isInSight, selected }: ISight): Poll {
  const poll = new Poll({
    name: 'autoexec-magic:releases',
    factory: () => releases.refresh(),
    frequency: { interval: IN_SIGHT_MS, backoff: true, max: LONGEST_MS },
    standby: () => (isInSight() ? 'when-hidden' : true)
  });
  selected.connect(() => {
    if (isInSight()) {
      void poll.refresh();
    }
  });
  return poll;
}
