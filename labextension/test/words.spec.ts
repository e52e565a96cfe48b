/** Times and names as people read them. */
import { shortId, soFar, timeOf } from '../src/words';

describe('words', () => {
  it.each([
    [0, '0.00 s'], [0.254, '0.25 s'], [9.994, '9.99 s'], [9.996, '10.0 s'], [59.94, '59.9 s'],
    [59.96, '1 min 00 s'], [65, '1 min 05 s'], [3599.6, '1 h 00 min'], [7440, '2 h 04 min']
  ])('says %d seconds as %s', (seconds, text) => {
    expect(timeOf(seconds)).toBe(text);
  });

  it.each([[-3, '0 s'], [0.9, '0 s'], [59.9, '59 s'], [61, '1 min 01 s']])(
    'says %d seconds so far as %s', (seconds, text) => {
      expect(soFar(seconds)).toBe(text);
    }
  );

  it('names a run as Python does', () => {
    expect(shortId('0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35')).toBe('8e0f1a35');
  });
});
