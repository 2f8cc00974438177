// SPDX-License-Identifier: BSL-1.0
// Checks the compose stack end to end, from `up` to `down`, in a separate project, with an API key, fault injection and
// a local weather provider. Requires Docker with compose. Uses the default ports and image names of the stack.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AggregatePoller, isFresh } from './support/aggregate_poller.ts';
import { eventually, expect, reportSuccess } from './support/assertions.ts';
import type { ComposeFile } from './support/compose_lint.ts';
import { lint } from './support/compose_lint.ts';
import { formatEvent, runIncident } from './support/incident.ts';
import { checkExemplars, checkMetricsFormat, checkRules, checkTargets, checkWatchdog } from './support/monitoring_checks.ts';
import { FakeWeatherProvider, root, runProcess, terminateChildrenOnExit } from './support/processes.ts';
import { query } from './support/prometheus.ts';
import type { Stack } from './support/stack.ts';
import { injectFaults, requestJson, serviceNames, stackOnDefaultPorts, waitUntilReady } from './support/stack.ts';

const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-'));
const keyFile = join(directory, 'api_key');
const override = join(directory, 'override.yml');
const key = 'key-of-the-end-to-end-check';

// Ignores the user's settings: deletes these environment variables, and replaces `.env` with --env-file.
const userSettings = [
  'API_KEY', 'DASHBOARD_SECRET_KEY', 'DASHBOARD_SECRET_KEY_FILE', 'RATE_LIMIT', 'DASHBOARD_PORT', 'TIME_PORT', 'SYSINFO_PORT',
  'WEATHER_PORT', 'GATEWAY_PORT', 'GATEWAY_ROUTES', 'PROMETHEUS_PORT', 'ALERTMANAGER_PORT', 'GRAFANA_PORT',
];
for (const name of userSettings) delete process.env[name];
const composeArguments = ['compose', '--env-file', '/dev/null', '-f', 'compose.yml', '-f', override];
process.env['COMPOSE_PROJECT_NAME'] = 'cohort-e2e';
process.env['API_KEY_FILE'] = keyFile;
process.env['ENABLE_FAULTS'] = 'true';

async function compose(...args: string[]): Promise<string> {
  return composeWithStatus([0], ...args);
}

/** Runs docker compose. Throws unless the exit status is one of `accepted`. */
async function composeWithStatus(accepted: number[], ...args: string[]): Promise<string> {
  const { status, output } = await runProcess('docker', [...composeArguments, ...args]);
  if (!accepted.includes(status)) {
    throw new Error(`docker compose ${args.join(' ')} exited with ${status}:\n${output.slice(-4000)}`);
  }
  return output;
}

interface Container {
  Name: string;
  Service: string;
  State: string;
  Health: string;
  ExitCode: number;
}

async function listContainers(...flags: string[]): Promise<Container[]> {
  const output = await compose('ps', '--format', 'json', ...flags);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Container);
}

async function checkHealth(expectedCount: number): Promise<void> {
  const containers = await eventually(`${expectedCount} containers are healthy`, 180, async () => {
    const current = await listContainers();
    const unhealthyContainers = current.filter(({ State, Health }) => State !== 'running' || Health !== 'healthy');
    if (unhealthyContainers.length > 0) {
      throw new Error(unhealthyContainers.map(({ Name, State, Health }) => `${Name} ${State} ${Health}`).join('; '));
    }
    return current.length === expectedCount ? current : undefined;
  });
  reportSuccess(`healthy containers: ${containers.map(({ Name }) => Name).sort().join(', ')}`);
}

/** Returns the services to start. Grafana is skipped with a message if its image is not available. */
async function selectServices(): Promise<string[]> {
  const services = (await compose('config', '--services')).trim().split('\n');
  const images = (await compose('config', '--images', 'grafana')).trim().split('\n');
  const image = images.find((name) => name.startsWith('grafana/')) ?? '';
  const isAvailable =
    (await runProcess('docker', ['image', 'inspect', image])).status === 0 ||
    (await runProcess('docker', ['pull', '-q', image])).status === 0;
  if (!isAvailable) console.log(`skip  grafana: image ${image} is not available`);
  return services.filter((name) => isAvailable || name !== 'grafana');
}

async function checkConfiguration(): Promise<void> {
  const file = JSON.parse(await compose('--profile', '*', 'config', '--format', 'json')) as ComposeFile;
  const problems = lint(file);
  expect(problems.length === 0, `compose.yml has no lint problems; found: ${problems.join('; ')}`);
  reportSuccess('docker compose config: pinned images, limits, read-only, no capabilities, non-root, on loopback');
}

async function checkEndpoints(stack: Stack): Promise<void> {
  interface Aggregate {
    meta: Record<string, { state: string }>;
  }
  const { meta } = await requestJson<Aggregate>(stack, `${stack.services['dashboard-service']}/api/aggregate`);
  const states = Object.entries(meta).map(([part, { state }]) => `${part} ${state}`);
  expect(states.every((state) => state.endsWith('fresh')), `all parts are fresh; found: ${states.join(', ')}`);
  const { status } = await fetch(`${stack.services['time-service']}/api/time`);
  expect(status === 401, `a request without the key receives 401, not ${status}`);
  reportSuccess(`aggregate with the key: ${states.join(', ')}; without the key: 401`);
}

/** Checks that the API gateway forwards requests to each service, with the client's key, and merges their OpenAPI documents. */
async function checkGateway(stack: Stack): Promise<void> {
  const url = 'http://127.0.0.1:5004';
  for (const path of ['/api/time', '/api/sysinfo', '/api/weather', '/api/aggregate']) await requestJson(stack, url + path);
  const { status } = await fetch(`${url}/api/time`);
  expect(status === 401, `a request to the gateway without the key receives 401, not ${status}`);
  // The documents are fetched again every 30 s; the services may have started after the gateway.
  await eventually('the merged document describes all services', 60, async () => {
    const { paths } = await requestJson<{ paths: object }>(stack, `${url}/openapi.json`);
    return '/api/time' in paths && '/api/aggregate' in paths;
  });
  reportSuccess('API gateway: all services, 401 without the key, one OpenAPI document');
}

async function checkScaling(stack: Stack, services: string[]): Promise<void> {
  await compose('up', '-d', '--no-build', '--scale', 'time-service=3', ...services);
  await checkHealth(services.length + 2);
  await checkTargets(stack, { 'time-service': 3 });
  await compose('up', '-d', '--no-build', ...services);
  await checkTargets(stack, { 'time-service': 1 });
}

/** Restarts every replica of the three inner services in turn, two of each, under load through the dashboard. */
async function checkRollingRestart(stack: Stack, services: string[]): Promise<void> {
  const restartedServices = ['time-service', 'system-info-service', 'weather-service'];
  await compose('up', '-d', '--no-build', ...restartedServices.flatMap((name) => ['--scale', `${name}=2`]), ...services);
  await checkHealth(services.length + restartedServices.length);
  const poller = new AggregatePoller(stack.services['dashboard-service'], 50, 10_000, stack.apiKey);
  for (const name of restartedServices) {
    const replicas = (await listContainers()).filter(({ Service }) => Service === name).map(({ Name }) => Name);
    expect(replicas.length === 2, `${name} has two replicas; found: ${replicas.join(', ')}`);
    for (const replica of replicas) {
      // The grace period covers the drain delay and the drain.
      await runProcess('docker', ['restart', '-t', '15', replica]);
      await checkHealth(services.length + restartedServices.length);
    }
  }
  await poller.stop();
  const failed = poller.polls.filter((poll) => !isFresh(poll));
  expect(failed.length === 0, `no request fails during the restarts; ${failed.length} did: ${JSON.stringify(failed.slice(0, 5))}`);
  reportSuccess(`rolling restart of ${restartedServices.join(', ')}, two replicas each: 0 failed of ${poller.polls.length} requests`);
  await compose('up', '-d', '--no-build', ...services);
  await checkHealth(services.length);
}

/**
 * The exit status of loadgen for an INVALID run. This status is accepted here, because a busy machine affects latency,
 * not the number of requests.
 */
const invalidRunStatus = 120;

/** Runs loadgen in compose and checks that Prometheus scrapes it during the run. */
async function checkComposeLoadgen(stack: Stack): Promise<void> {
  const args = ['run', '--rm', '--no-deps', '-T', 'loadgen', '-m', 'spike', '-r', '20', '-d', '40'];
  const run = composeWithStatus([0, invalidRunStatus], ...args);
  run.catch(() => undefined); // Prevents an unhandled rejection before the promise is awaited below.
  await eventually('Prometheus has metrics of loadgen', 60, async () => {
    return (await query(stack, 'loadgen_requests_sent_total')).length > 0;
  });
  const report = await run;
  expect(/Failed\s*:?\s*0\b/.test(report), `all requests of loadgen succeed:\n${report}`);
  reportSuccess('loadgen in compose: a spike of 320 requests/s without failures, scraped by Prometheus');
}

/**
 * Injects a memory fault above the memory limit of the container, so that the kernel kills it, and waits for the
 * restart.
 */
async function checkRestartAfterOutOfMemory(stack: Stack): Promise<void> {
  const name = (await listContainers()).find(({ Service }) => Service === 'weather-service')?.Name ?? '';
  const restartCount = async (): Promise<string> =>
    (await runProcess('docker', ['inspect', '-f', '{{.RestartCount}}', name])).output.trim();
  const initialCount = await restartCount();
  await injectFaults(stack, 'weather-service', { memory_mb: 1024, seconds: 60 }).catch(() => undefined);
  await eventually(`${name} is killed and restarted`, 60, async () => (await restartCount()) !== initialCount);
  await waitUntilReady(stack, 60);
  reportSuccess(`${name} exceeded its memory limit, was killed and restarted`);
}

async function checkMemoryUsage(): Promise<void> {
  const names = (await listContainers()).map(({ Name }) => Name);
  const format = '{{.Name}} {{.MemUsage}} {{.MemPerc}}';
  const { output } = await runProcess('docker', ['stats', '--no-stream', '--format', format, ...names]);
  const lines = output.trim().split('\n');
  const high = lines.filter((line) => Number(/([\d.]+)%$/.exec(line)?.[1] ?? '100') > 80);
  expect(high.length === 0, `no container uses more than 80 % of its memory limit; found: ${high.join('; ')}`);
  for (const line of lines) reportSuccess(`memory: ${line}`);
}

async function checkShutdown(): Promise<void> {
  await compose('stop');
  const containers = await listContainers('-a');
  const failed = containers.filter(({ State, ExitCode }) => State !== 'exited' || ExitCode !== 0);
  const details = failed.map(({ Name, State, ExitCode }) => `${Name} ${State} ${ExitCode}`).join('; ');
  expect(failed.length === 0, `containers did not exit with status 0: ${details}`);
  reportSuccess(`all ${containers.length} containers stopped with status 0`);
}

const provider = new FakeWeatherProvider();
const providerPort = await provider.listen('0.0.0.0');
writeFileSync(keyFile, `${key}\n`);
writeFileSync(
  override,
  `services:
  weather-service:
    extra_hosts: ["provider:host-gateway"]
    environment: { WEATHER_UPSTREAM_URL: "http://provider:${providerPort}", WEATHER_FALLBACK_URL: none }
`,
);
const stack = stackOnDefaultPorts(key);
terminateChildrenOnExit(() => {
  spawnSync('docker', [...composeArguments, 'down', '-v', '--remove-orphans'], { cwd: root, stdio: 'inherit' });
});
try {
  await checkConfiguration();
  await compose('--profile', 'load', 'build');
  const services = await selectServices();
  await compose('up', '-d', '--no-build', ...services);
  await checkHealth(services.length);
  await waitUntilReady(stack, 30);
  await checkEndpoints(stack);
  await checkGateway(stack);
  await checkTargets(stack, Object.fromEntries(serviceNames.map((name) => [name, 1])));
  await checkRules(stack);
  await checkMetricsFormat(stack);
  await checkWatchdog(stack);
  await checkScaling(stack, services);
  await checkRollingRestart(stack, services);
  await checkComposeLoadgen(stack);
  await checkExemplars(stack);
  await checkRestartAfterOutOfMemory(stack);
  const load = compose('run', '--rm', '--no-deps', '-T', '--name', 'cohort-e2e-load', 'loadgen', '-r', '20', '-d', '1800');
  load.catch(() => undefined); // The load is stopped before it completes.
  try {
    await runIncident(stack, (event) => console.log(formatEvent(event)));
    reportSuccess('the alert of an incident is shown on the dashboard and resolved there');
  } finally {
    await runProcess('docker', ['stop', 'cohort-e2e-load']);
    await load.catch(() => undefined);
  }
  await checkMemoryUsage();
  await checkHealth(services.length);
  await checkShutdown();
} catch (error) {
  writeFileSync(join(directory, 'containers.log'), await compose('logs', '--no-color').catch(String));
  console.error(`logs in ${directory}`);
  throw error;
} finally {
  await compose('down', '-v', '--remove-orphans');
  provider.close();
}
