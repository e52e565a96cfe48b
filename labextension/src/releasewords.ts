/**
 * What the panel says of releases, in words.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IReleased } from './model';
import type { IListed } from './tokens';
import { shortId } from './words';

/** A release as the list shows it: a sign, never without its word. */
export function faredOf({ verdict, good }: IListed, trans: TranslationBundle): { mark: string; word: string } {
  const words: { [verdict: string]: string } = {
    deployed: good ? trans.__('passed its gate') : trans.__('deployed'),
    'rolled-back': trans.__('rolled back'),
    'rollback-failed': trans.__('rollback failed'),
    'rollback-unverified': trans.__('rollback unverified'),
    unknown: trans.__('unknown'),
    cancelled: trans.__('cancelled'),
    failed: trans.__('failed')
  };
  const mark = good ? '✓' : verdict === 'cancelled' ? '◼' : verdict === 'unknown' ? '?' : '✗';
  return { mark, word: words[verdict] ?? verdict };
}

/** The first digits of a digest, by which people tell artifacts apart. */
export function shortDigest(digest: string): string {
  const [kind, digits] = digest.split(':');
  return digits ? digits.slice(0, 12) : kind;
}

/** How long ago a time was: 7 s, 3 min, 2 h, 5 d; then the day. */
export function ago(at: number, now: number, trans: TranslationBundle): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000));
  if (seconds < 60) {
    return trans.__('%1 s ago', seconds);
  }
  if (seconds < 3600) {
    return trans.__('%1 min ago', Math.floor(seconds / 60));
  }
  if (seconds < 86_400) {
    return trans.__('%1 h ago', Math.floor(seconds / 3600));
  }
  return seconds < 30 * 86_400
    ? trans.__('%1 d ago', Math.floor(seconds / 86_400))
    : new Date(at).toLocaleDateString();
}

/** What came of a deploy, among the notes of its run. */
export function releasedOf({ deployed, address }: IReleased, trans: TranslationBundle): string {
  const { service, target, release_id } = deployed.release;
  const where = address ? trans.__(' at %1', address) : '';
  return deployed.code === 'deployed'
    ? trans.__('→ %1 is live on %2%3, release %4', service, target, where, shortId(release_id))
    : trans.__('→ %1 on %2: %3', service, target, deployed.code);
}
