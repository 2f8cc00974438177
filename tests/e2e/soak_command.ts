// SPDX-License-Identifier: BSL-1.0
// Sends a long load to the real programs with faults on all links. Checks that the memory and descriptors of each
// service stay constant. Arguments: the number of requests (default 10⁷).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { elapsed, eventually, expect, pause } from './support/assertions.ts';
import type { Resources } from './support/fault_gate_stack.ts';
import { FaultGateStack, linkNames, readMetricSum } from './support/fault_gate_stack.ts';
import type { BackgroundProcess } from './support/processes.ts';
import { findFreePorts, root, startProcess, terminateChildrenOnExit } from './support/processes.ts';
import type { ServiceName } from './support/stack.ts';
import { clearFaults, injectFaults, serviceNames } from './support/stack.ts';

/** Faults are short, since a link without responses blocks the closed-loop load. */
const linkFaults = ['latency 20ms', 'slice 512', 'bandwidth 200000', 'reset', 'reset 100', 'half-open', 'black-hole 100', 'garbage', 'cut-header', 'cut-body'];
const faultMilliseconds = 300;
const pauseMilliseconds = 1_700;
const sampleMilliseconds = 1_000;
const maxGrowthMiB = 1;
/** The tolerance for the connections of the checks. */
const descriptorTolerance = 2;
/** Minimum mean request rate; the soak test fails below it. */
const minRequestsPerSecond = 500;
/** Expected error statuses: rate limits, injected errors, upstreams that fail, overload, and deadlines. */
const expectedStatuses = new Set(['200', '429', '500', '502', '503', '504']);

interface Sample {
  sent: number;
  resources: Record<ServiceName, Resources>;
}

interface Report {
  totals: { sent: number; outcomes: Record<string, number>; statuses: Record<string, number> };
}

function startLoad(faultGateStack: FaultGateStack, port: number, report: string): BackgroundProcess {
  const { dashboard, time, sysinfo, weather } = faultGateStack.links;
  const targets = [
    `time=${time}/api/time@60`, `sysinfo=${sysinfo}/api/sysinfo@10`, `weather=${weather}/api/weather@20`,
    `proxy=${dashboard}/api/time-proxy@5`, `aggregate=${dashboard}/api/aggregate@5`,
  ];
  const args = ['-r', 'max', '-c', '16', '-d', '24h', '--timeout', '2s', '-q', '--no-preflight', '--metrics-port', String(port), '--json', report];
  return startProcess('loadgen', join(root, 'build/release/bin/loadgen'), [...args, ...targets.flatMap((target) => ['--target', target])],
    join(faultGateStack.directory, 'loadgen.log'), { API_KEY: '' });
}

/** Injects one fault after the other, alternately into the links and into the services, until `isDone`. */
async function injectContinuously(faultGateStack: FaultGateStack, isDone: () => boolean): Promise<number> {
  let count = 0;
  while (!isDone()) {
    const link = linkNames[count % linkNames.length] ?? 'time';
    const fault = linkFaults[Math.floor(count / linkNames.length) % linkFaults.length] ?? 'reset';
    const service = serviceNames[count % serviceNames.length] ?? 'time-service';
    ++count;
    await faultGateStack.setFault(link, fault);
    if (count % 3 === 0) await injectFaults(faultGateStack.stack, service, { error_percent: 20, hang_percent: 1, seconds: 60 });
    await pause(faultMilliseconds);
    await faultGateStack.setFault(link, 'none');
    if (count % 3 === 0) await clearFaults(faultGateStack.stack, service);
    await pause(pauseMilliseconds);
  }
  return count;
}

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Returns the median memory of a service in a part of the run, such as 0.1 to 0.2. */
function medianMemory(samples: Sample[], name: ServiceName, total: number, from: number, to: number): number {
  return median(samples.filter(({ sent }) => sent >= from * total && sent <= to * total).map(({ resources }) => resources[name].rss));
}

const requests = Number(process.argv[2] ?? 1e7);
expect(Number.isInteger(requests) && requests >= 10_000, `the number of requests is "${process.argv[2]}", but must be an integer of at least 10000`);
terminateChildrenOnExit();
// Logs only warnings, because a log line for each request would fill the disk.
const faultGateStack = await FaultGateStack.start({ LOG_LEVEL: 'error', ENABLE_FAULTS: 'true', WEATHER_CACHE_SECONDS: '1' });
const [metricsPort = 0] = await findFreePorts(1);
const reportFile = join(faultGateStack.directory, 'report.json');
const idle = faultGateStack.resources();
const load = startLoad(faultGateStack, metricsPort, reportFile);
const start = elapsed();
const samples: Sample[] = [];
let isDone = false;
const failures: string[] = [];
try {
  const faults = injectContinuously(faultGateStack, () => isDone);
  const generator = `http://127.0.0.1:${metricsPort}`;
  await eventually('loadgen serves its metrics', 30, async () => (await fetch(`${generator}/metrics`)).status === 200);
  let sent = 0;
  for (let reportedTenths = 0; sent < requests; ) {
    await pause(sampleMilliseconds);
    sent = await readMetricSum(generator, 'loadgen_requests_sent_total');
    samples.push({ sent, resources: faultGateStack.resources() });
    const seconds = (elapsed() - start) / 1000;
    if (sent >= (reportedTenths + 1) * (requests / 10)) {
      reportedTenths = Math.floor(sent / (requests / 10));
      const memory = serviceNames.map((name) => `${name} ${faultGateStack.resources()[name].rss.toFixed(1)}`).join(', ');
      console.log(`${(sent / 1e6).toFixed(2)} million requests after ${seconds.toFixed(0)} s; MiB: ${memory}`);
    }
    if (seconds > 60 && sent < seconds * minRequestsPerSecond) {
      throw new Error(`only ${sent} requests after ${seconds.toFixed(0)} s; at least ${minRequestsPerSecond} per second are expected`);
    }
  }
  isDone = true;
  const faultCount = await faults;
  process.kill(load.pid, 'SIGINT');
  await load.exitStatus;
  const { totals } = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  console.log(`${totals.sent} requests in ${((elapsed() - start) / 1000).toFixed(0)} s, ${faultCount} link faults`);
  console.log(`outcomes: ${JSON.stringify(totals.outcomes)}  statuses: ${JSON.stringify(totals.statuses)}`);
  for (const status of Object.keys(totals.statuses)) if (!expectedStatuses.has(status)) failures.push(`unexpected status ${status}`);

  // Idle connections are closed after 50 s by the client, and after 75 s by the server.
  await eventually('descriptors are back', 100, () => {
    const now = faultGateStack.resources();
    for (const name of serviceNames) {
      expect(now[name].descriptors <= idle[name].descriptors + descriptorTolerance,
        `${name} has ${now[name].descriptors} descriptors, ${idle[name].descriptors} at the start`);
    }
    return Promise.resolve(true);
  }).catch((error: unknown) => failures.push(String(error)));

  const last = faultGateStack.resources();
  console.log('\nservice              RSS after 1/10   at the end   growth   descriptors: at the start  max  at the end');
  for (const name of serviceNames) {
    const first = medianMemory(samples, name, requests, 0.1, 0.2);
    const end = medianMemory(samples, name, requests, 0.9, 1.01);
    const growth = end - first;
    const max = Math.max(...samples.map(({ resources }) => resources[name].descriptors));
    console.log(
      `${name.padEnd(20)} ${first.toFixed(2).padStart(10)} MiB ${end.toFixed(2).padStart(8)} MiB ${growth.toFixed(2).padStart(6)} MiB` +
        `${String(idle[name].descriptors).padStart(21)} ${String(max).padStart(8)} ${String(last[name].descriptors).padStart(8)}`,
    );
    if (!(growth <= maxGrowthMiB)) failures.push(`${name} grew by ${growth.toFixed(2)} MiB; at most ${maxGrowthMiB} MiB are allowed`);
  }
} finally {
  isDone = true;
  console.log(`logs in ${faultGateStack.directory}`);
  await load.stop();
  await faultGateStack.stop().catch((error: unknown) => failures.push(String(error)));
}
for (const failure of failures) console.error(`FAILED ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
