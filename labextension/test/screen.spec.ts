/** What was rewritten shows once: the same as Python's screen shows, of what real programs write. */
import { readFileSync } from 'fs';
import { join } from 'path';

import { collapsed } from '../src/screen';

const CASES = readFileSync(join(__dirname, '../../tests/data/screens.jsonl'), 'utf-8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as { name: string; text: string; shown: string[] });

describe('collapsed', () => {
  it.each(CASES.map(({ name, text, shown }) => [name, text, shown] as const))(
    'shows %s as Python does',
    (_, text, shown) => {
      const lines = collapsed(text).map(line => line.trimEnd());
      while (lines.length > 1 && lines[lines.length - 1] === '') {
        lines.pop();
      }
      expect(lines).toEqual(shown.map(line => line.replace(/\x1b\[[0-9;]*m/g, '')));
    }
  );

  it('has at least the programs that are promised', () => {
    expect(CASES.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['tqdm', 'tqdm-nested', 'pip', 'npm', 'rich-live', 'git'])
    );
  });

  it('keeps what nothing goes back to', () => {
    expect(collapsed('Grüße 👋\n\u001b[31mrot\u001b[0m\n')).toEqual(['Grüße 👋', 'rot', '']);
  });

  it('does not grow without end to the right', () => {
    expect(collapsed('\u001b[999999999Cx')[0].length).toBeLessThan(20_000);
  });
});
