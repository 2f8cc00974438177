// SPDX-License-Identifier: BSL-1.0
import { setTimeout as pause } from 'node:timers/promises';

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { aggregateBody, alertBody, alertsBody, failedBody, resolvedBody, silentBody, timeBody, warningBody } from '../test/samples/bodies.ts';
import { doneExperiment } from '../test/samples/experiments.ts';
import { mapBody } from '../test/samples/maps.ts';
import { openBreakerRequestBody, timedOutRequestBody } from '../test/samples/requests.ts';
import type { FakeDashboard } from './fake-dashboard.ts';
import { expect, test } from './fixtures.ts';

const failed = (state: string) => ({
  ...aggregateBody,
  weather_service: failedBody,
  meta: { ...aggregateBody.meta, weather_service: { state, elapsed_ms: 5000, deadline_ms: 5000 } },
});

/** Steps of a test before and after the page is opened. */
interface State {
  readonly prepare: (dashboard: FakeDashboard) => void;
  readonly reach?: (page: Page, dashboard: FakeDashboard) => Promise<unknown>;
}

const states: Readonly<Record<string, State>> = {
  'all parts in time': {
    prepare: (dashboard) => (dashboard.alerts = alertsBody()),
    reach: (page) => page.locator('details:visible > summary').evaluateAll((summaries) => summaries.forEach((summary) => (summary as HTMLElement).click())),
  },
  'a paused page': {
    prepare: () => {},
    reach: async (page) => {
      await page.getByRole('button', { name: 'Pause', exact: true }).click();
      await expect(page.locator('#connection')).toHaveText('paused');
    },
  },
  'a part that exceeded its deadline, with alerts': {
    prepare: (dashboard) => {
      dashboard.aggregate = failed('timeout');
      dashboard.request = timedOutRequestBody;
      dashboard.alerts = alertsBody([alertBody, warningBody], [resolvedBody]);
    },
  },
  'an open breaker, and no signal from monitoring': {
    prepare: (dashboard) => {
      dashboard.aggregate = failed('open');
      dashboard.request = openBreakerRequestBody;
      dashboard.alerts = silentBody([{ ...alertBody, stale: true }]);
      dashboard.maps = [mapBody({ atMs: 0 }), mapBody({ atMs: 2_000, calls: 5, failures: 3, open: 1, addresses: 3, ejected: 1, requests: 2, providerFailures: 1, cooldownMs: 5_000 })];
    },
  },
  'a stale and an overloaded part, and sixty alerts': {
    prepare: (dashboard) => {
      dashboard.aggregate = { ...failed('shed'), meta: { ...failed('shed').meta, sysinfo_service: { state: 'stale', elapsed_ms: 1, deadline_ms: 3000 } } };
      dashboard.alerts = alertsBody(Array.from({ length: 60 }, (_, index) => ({ ...alertBody, fingerprint: String(index) })));
    },
    reach: (page) => page.locator('#more > summary').click(),
  },
  'an experiment that has ended': { prepare: (dashboard) => (dashboard.experiment = doneExperiment) },
  'no data': { prepare: () => {}, reach: (page) => page.clock.runFor(4_000) },
  'a lost connection': {
    prepare: () => {},
    reach: async (page, dashboard) => {
      await dashboard.stop();
      await expect(page.locator('#connection')).toHaveText(/reconnecting/);
    },
  },
  'the form for the API key': { prepare: (dashboard) => (dashboard.key = 'open sesame') },
  'a rejected API key': {
    prepare: (dashboard) => (dashboard.key = 'open sesame'),
    reach: async (page) => {
      await page.getByLabel('Key', { exact: true }).fill('guess');
      await page.keyboard.press('Enter');
      await expect(page.locator('.error')).toHaveText('Invalid API key');
    },
  },
};

for (const [name, { prepare, reach }] of Object.entries(states)) {
  test(`axe reports no violations: ${name}`, async ({ page, dashboard }) => {
    // The analysis takes seconds, and much longer on a busy machine.
    test.setTimeout(120_000);
    prepare(dashboard);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(dashboard.url);
    if (dashboard.key === null) {
      await dashboard.waitForStreams(1);
      dashboard.send('time', timeBody);
      await expect(page.locator('#clock')).toHaveText('14:05:06');
    } else {
      await expect(page.getByLabel('Key', { exact: true })).toBeVisible();
    }
    await reach?.(page, dashboard);
    await expectNoViolations(page);
  });
}

for (const path of ['runbook', 'not-found']) {
  test(`axe reports no violations: /${path}`, async ({ page, dashboard }) => {
    test.setTimeout(120_000);
    await page.goto(`${dashboard.url}${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expectNoViolations(page);
  });
}

async function expectNoViolations(page: Page): Promise<void> {
  for (const media of [{ colorScheme: 'light' }, { colorScheme: 'dark' }, { colorScheme: 'light', forcedColors: 'active' }] as const) {
    await page.emulateMedia(media);
    expect(await violations(page)).toEqual([]);
  }
}

/** The rules of WCAG 2.2 AA, and the text contrast of AAA. */
const checks = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  rules: { 'color-contrast-enhanced': { enabled: true } },
};

/**
 * Returns the findings of axe. Axe uses timers, so the test advances the page's clock. The steps are small, so that the
 * page does not change during the analysis. The test pauses between steps, because axe itself needs CPU time. Axe runs
 * within the page ("legacy mode"): otherwise it opens a second page, and the clock, which all pages share, must not
 * advance while a page closes.
 */
async function violations(page: Page): Promise<string[]> {
  let done = false;
  const analysis = new AxeBuilder({ page }).setLegacyMode().options(checks).analyze().finally(() => (done = true));
  while (!done) {
    await page.clock.runFor(1);
    await pause(5);
  }
  return (await analysis).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
}
