// SPDX-License-Identifier: BSL-1.0
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dashboards, directory, fileOf, serialize } from '../source/dashboards.ts';

test.each(dashboards)('$uid.json matches its source (otherwise run: npm run build)', (dashboard) => {
  expect(readFileSync(fileOf(dashboard), 'utf8')).toBe(serialize(dashboard));
});

test('every JSON file has a source', () => {
  expect(readdirSync(directory).sort()).toEqual(dashboards.map(({ uid }) => `${uid}.json`).sort());
});
