// SPDX-License-Identifier: BSL-1.0
import { doneExperiment, idleExperiment, runningExperiment, timedOutExperiment } from '../test/samples/experiments.ts';
import { expect, test } from './fixtures.ts';

const title = 'Experiment: the same fault with and without a deadline';

test('without fault injection there is no panel for experiments', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await expect(page.locator('#headline')).toHaveText(/3 of 3/);
  await expect(page.locator('#experiment')).toBeHidden();
});

test('an experiment sends the settings, both bars grow, and one bar ends at the deadline', async ({ page, dashboard }) => {
  dashboard.experiment = idleExperiment;
  await dashboard.open(page);
  const panel = page.getByRole('region', { name: title });
  await expect(panel.locator('.measurements')).toBeHidden();
  await panel.getByRole('slider', { name: /Deadline/ }).fill('1500');
  await expect(panel.locator('.value')).toHaveText(['3 s', '0 %', '1.5 s']);
  await panel.getByRole('button', { name: 'Run' }).click();
  await expect.poll(() => dashboard.experimentBodies).toEqual(['{"latency_ms":3000,"error_percent":0,"deadline_ms":1500}']);

  dashboard.send('experiment', runningExperiment);
  await expect(panel.getByRole('button')).toBeDisabled();
  await page.clock.runFor(500);
  const lanes = panel.locator('.lane');
  await expect(lanes).toHaveCount(6);
  await expect(lanes.nth(2).locator('.lane-result')).toHaveText(/^1 s …$|^9\d\d ms …$|^1\.0\d s …$/);
  await page.clock.runFor(1_000);
  dashboard.send('experiment', timedOutExperiment);
  await expect(lanes.nth(2)).toHaveAttribute('data-state', 'timeout');
  await expect(lanes.nth(5)).toHaveAttribute('data-state', 'running');
  // The saved time increases while the call without a deadline runs.
  const savedWidth = () => lanes.nth(2).locator('.saved-time').evaluate((area) => parseFloat(area.getAttribute('width') ?? ''));
  const before = await savedWidth();
  await page.clock.runFor(500);
  expect(await savedWidth()).toBeGreaterThan(before + 10);
  dashboard.send('experiment', doneExperiment);
  await expect(panel.locator('.lane-result').nth(5)).toHaveText('3 s');
  await expect(panel.locator('.status')).toHaveText(/^The deadline saved 1 s:/);
  await expect(panel.locator('.saved-time')).toHaveCount(1);
  await expect(panel.locator('.saved-time-label')).toHaveText('1 s saved');
  await expect(panel.getByRole('button')).toBeEnabled();
  await page.clock.runFor(1_000);
  await expect(page.locator('#announcements')).toContainText('The deadline saved 1 s');
  // After the window becomes narrower, labels that do not fit are hidden without another event.
  await page.setViewportSize({ width: 320, height: 800 });
  await page.clock.runFor(1_000);
  await expect(panel.locator('.saved-time-label')).toHaveCount(0);
  await expect(panel.locator('.saved-time')).toHaveCount(1);
});

test('the panel shows why an experiment was rejected or failed', async ({ page, dashboard }) => {
  dashboard.experiment = idleExperiment;
  dashboard.experimentStatus = 409;
  await dashboard.open(page);
  const panel = page.getByRole('region', { name: title });
  await panel.getByRole('button', { name: 'Run' }).click();
  await expect(panel.locator('.status')).toHaveText('Another experiment is running.');
  dashboard.send('experiment', { ...runningExperiment, state: 'failed', message: 'Fault injection is not enabled <b>' });
  await expect(panel.locator('.status')).toHaveText('Fault injection is not enabled <b>');
});

test('after a restart without fault injection, the server offers no experiments', async ({ page, dashboard }) => {
  dashboard.experiment = idleExperiment;
  await dashboard.open(page);
  await expect(page.locator('#experiment')).toBeVisible();
  dashboard.experiment = null;
  dashboard.shutDown();
  await page.clock.runFor(1_500);
  await dashboard.waitForStreams(1);
  await expect(page.locator('#connection')).toHaveText('live');
  await page.clock.runFor(5_000);
  await expect(page.locator('#experiment')).toBeHidden();
});
