// What of the end-to-end checks needs no Docker: the services in one process, and Debian's Prometheus and Alertmanager.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { checkQueries, tableOf } from '../../monitoring/grafana/check-queries.ts';
import { ByHand } from './by_hand.ts';
import { playIncident, printed } from './incident.ts';
import { endAllAtExit, root, run } from './processes.ts';
import type { Stack } from './stack.ts';
import { ask, endFaults, inject, serviceNames } from './stack.ts';
import { exemplarsArrive, heartbeatArrives, loadIsSeen, metricsAreWellFormed, rulesAreWell, targetsAreUp } from './watching.ts';
import { eventually, expect, tell } from './waiting.ts';

/** All that can be checked without running it, and that every metric which a rule reads is exported by someone. */
async function configurationIsSound(stack: Stack, directory: string): Promise<void> {
  const files: string[] = [];
  for (const name of serviceNames) {
    const file = join(directory, `${name}.metrics`);
    writeFileSync(file, (await ask(stack, `${stack.services[name]}/metrics`)).text);
    files.push(file);
  }
  const checked = await run(join(root, 'monitoring/check'), files);
  console.log(checked.output.trimEnd());
  expect(checked.status === 0, 'monitoring/check has nothing to complain of');
}

/** Every query of the dashboards has data, with some of each fault injected. */
async function panelsHaveData(stack: Stack, directory: string): Promise<void> {
  const some = { error_percent: 10, latency_ms: 20, memory_mb: 16, cpu_percent: 5, seconds: 300 };
  for (const name of serviceNames) await inject(stack, name, some);
  const outcomes = await eventually('every panel has data', 120, async () => {
    const all = await checkQueries({ prometheus: stack.prometheus });
    writeFileSync(join(directory, 'queries.txt'), tableOf(all));
    const bad = all.filter(({ verdict }) => verdict !== 'ok');
    if (bad.length > 0) throw new Error(bad.map((each) => `${each.board}: ${each.name} ${each.refId} ${each.message ?? each.verdict}`).join('; '));
    return all;
  });
  for (const name of serviceNames) await endFaults(stack, name);
  tell(`queries of the dashboards with data in Prometheus: ${outcomes.length}`);
}

endAllAtExit();
const byHand = await ByHand.start('free', '1s');
const load = byHand.load(20);
let failed = true;
try {
  const { stack } = byHand;
  await targetsAreUp(stack, { 'time-service': 1, 'system-info-service': 1, 'weather-service': 1, 'dashboard-service': 1, prometheus: 1, alertmanager: 1 });
  await loadIsSeen(byHand);
  await rulesAreWell(stack);
  await metricsAreWellFormed(stack);
  await configurationIsSound(stack, byHand.directory);
  await heartbeatArrives(stack);
  await exemplarsArrive(stack);
  await panelsHaveData(stack, byHand.directory);
  await playIncident(stack, (moment) => console.log(printed(moment)));
  tell('an incident came to the page, and went');
  failed = false;
} finally {
  await load.stop();
  const status = await byHand.stop();
  console.log(`logs in ${byHand.directory}`);
  if (!failed) expect(status === 0, `the services end with status 0, not ${status}`);
}
