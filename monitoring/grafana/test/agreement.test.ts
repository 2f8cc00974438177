import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boards, directory, fileOf, textOf } from '../source/boards.ts';

test.each(boards)('$uid.json is what the source makes; if not: npm run build', (board) => {
  expect(readFileSync(fileOf(board), 'utf8')).toBe(textOf(board));
});

test('no board is left over whose source is gone', () => {
  expect(readdirSync(directory).sort()).toEqual(boards.map(({ uid }) => `${uid}.json`).sort());
});
