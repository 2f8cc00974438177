// SPDX-License-Identifier: BSL-1.0
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: root })
  .toString()
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));

test.each(documents)('the relative links of %s have a target', (document) => {
  const text = readFileSync(join(root, document), 'utf8').replace(/```[\s\S]*?```/g, '');
  const paths = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(https?:|#)/.test(link))
    .map((link) => normalize(join(dirname(document), link.replace(/#.*/, ''))));
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('the tests in SECURITY.md exist', () => {
  const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
  const paths = [...text.matchAll(/`((?:tests|monitoring|dashboard-ui)\/[^`]+)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
