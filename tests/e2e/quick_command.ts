// SPDX-License-Identifier: BSL-1.0
// The end-to-end checks that do not require Docker: the services in one process, and the Prometheus and Alertmanager of
// Debian.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { checkQueries, formatTable } from '../../monitoring/grafana/check-queries.ts';
import { eventually, expect, reportSuccess } from './assertions.ts';
import { formatEvent, runIncident } from './incident.ts';
import { LocalStack } from './local_stack.ts';
import {
  checkExemplars,
  checkLoadgenTarget,
  checkMetricsFormat,
  checkRules,
  checkTargets,
  checkWatchdog,
} from './monitoring_checks.ts';
import { root, runProcess, terminateChildrenOnExit } from './processes.ts';
import type { Stack } from './stack.ts';
import { clearFaults, injectFaults, request, serviceNames } from './stack.ts';

/** Runs the static checks, and checks that every metric that a rule reads is exported. */
async function checkConfiguration(stack: Stack, directory: string): Promise<void> {
  const files: string[] = [];
  for (const name of serviceNames) {
    const file = join(directory, `${name}.metrics`);
    writeFileSync(file, (await request(stack, `${stack.services[name]}/metrics`)).text);
    files.push(file);
  }
  const { status, output } = await runProcess(join(root, 'monitoring/check'), files);
  console.log(output.trimEnd());
  expect(status === 0, 'monitoring/check succeeds');
}

/** Checks that every query of the Grafana dashboards has data while faults of all kinds are injected. */
async function checkPanels(stack: Stack, directory: string): Promise<void> {
  const faults = { error_percent: 10, latency_ms: 20, memory_mb: 16, cpu_percent: 5, seconds: 300 };
  for (const name of serviceNames) await injectFaults(stack, name, faults);
  const checks = await eventually('every panel has data', 120, async () => {
    const current = await checkQueries({ prometheus: stack.prometheus });
    writeFileSync(join(directory, 'queries.txt'), formatTable(current));
    const failed = current.filter(({ verdict }) => verdict !== 'ok');
    if (failed.length > 0) {
      throw new Error(
        failed
          .map(({ dashboard, name, refId, message, verdict }) => `${dashboard}: ${name} ${refId} ${message ?? verdict}`)
          .join('; '),
      );
    }
    return current;
  });
  for (const name of serviceNames) await clearFaults(stack, name);
  reportSuccess(`Grafana queries with data in Prometheus: ${checks.length}`);
}

terminateChildrenOnExit();
const localStack = await LocalStack.start('free', '1s');
const load = localStack.startLoad(20);
let failed = true;
try {
  const { stack, directory } = localStack;
  const services = Object.fromEntries(serviceNames.map((name) => [name, 1]));
  await checkTargets(stack, { ...services, prometheus: 1, alertmanager: 1 });
  await checkLoadgenTarget(stack);
  await checkRules(stack);
  await checkMetricsFormat(stack);
  await checkConfiguration(stack, directory);
  await checkWatchdog(stack);
  await checkExemplars(stack);
  await checkPanels(stack, directory);
  await runIncident(stack, (event) => console.log(formatEvent(event)));
  reportSuccess('the alert of an incident is shown on the dashboard and resolved there');
  failed = false;
} finally {
  await load.stop();
  const status = await localStack.stop();
  console.log(`logs in ${localStack.directory}`);
  if (!failed) expect(status === 0, `the services exit with status 0, got ${status}`);
}
