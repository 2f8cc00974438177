// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { runbookHref } from '../src/runbook-link.ts';

test.each([
  ['http://localhost:5000/runbook#servicedown', 'runbook#servicedown'],
  ['http://localhost:5000/runbook', 'runbook'],
  ['http://localhost:5000/other#x', 'http://localhost:5000/other#x'],
  ['http://localhost:3000/runbook#x', 'http://localhost:3000/runbook#x'],
  ['https://wiki.example/runbook?a=b#x', 'https://wiki.example/runbook?a=b#x'],
  ['HTTPS://wiki.example', 'https://wiki.example/'],
  ['javascript:alert(1)', null],
  ['JaVaScRiPt:alert(1)//http://', null],
  ['\u0001javascript:alert(1)', null],
  ['data:text/html,<script>alert(1)</script>', null],
  ['file:///etc/passwd', null],
  ['/runbook#x', null],
  ['//wiki.example/x', null],
  ['see the wiki', null],
  ['', null],
  [null, null],
])('the runbook link for %j is %j', (url, href) => {
  expect(runbookHref(url)).toBe(href);
});
