// SPDX-License-Identifier: BSL-1.0
// Checks compose.yml with compose.tls.yml end to end, from `up` to `down`, in a separate project and on free ports.
// Requires Docker with compose. `--no-build` uses the existing images. `./dev e2e tls` creates the certificates, and
// passes their directory in TLS_DIR and the CA in NODE_EXTRA_CA_CERTS, which Node.js reads when it starts.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';

import { expect, reportSuccess } from './support/assertions.ts';
import type { ComposeFile } from './support/compose_lint.ts';
import { lint } from './support/compose_lint.ts';
import { checkMetricsFormat, checkTargets, checkWatchdog } from './support/monitoring_checks.ts';
import { findFreePorts, root, runSuccessfully, terminateChildrenOnExit } from './support/processes.ts';
import type { ServiceName, Stack } from './support/stack.ts';
import { requestJson, serviceNames, stackOnDefaultPorts, waitUntilReady } from './support/stack.ts';

const certificates = process.env['TLS_DIR'] ?? '';
expect(certificates !== '', 'TLS_DIR is set; use ./dev e2e tls');
const containers = ['gateway', ...serviceNames, 'prometheus', 'alertmanager'];
const composeArguments = ['compose', '--env-file', '/dev/null', '-f', 'compose.yml', '-f', 'compose.tls.yml'];
const internalRoutes: [ServiceName, string][] = [
  ['time-service', '/api/time'],
  ['system-info-service', '/api/sysinfo'],
  ['weather-service', '/api/weather'],
];

const compose = (...args: string[]): Promise<string> => runSuccessfully('docker', [...composeArguments, ...args]);

/** Sets the project and the ports of compose, and returns the URLs of the stack. */
async function configure(): Promise<Stack> {
  const variables = ['DASHBOARD_PORT', 'TIME_PORT', 'SYSINFO_PORT', 'WEATHER_PORT', 'PROMETHEUS_PORT', 'ALERTMANAGER_PORT'];
  const ports = await findFreePorts(variables.length);
  variables.forEach((name, index) => (process.env[name] = String(ports[index])));
  process.env['COMPOSE_PROJECT_NAME'] = 'cohort-e2e-tls';
  process.env['WEATHER_SAMPLE'] = 'true';
  for (const name of ['API_KEY', 'API_KEY_FILE', 'RATE_LIMIT', 'NODE_EXTRA_CA_CERTS']) delete process.env[name];
  const stack = stackOnDefaultPorts();
  serviceNames.forEach((name, index) => (stack.services[name] = `https://localhost:${ports[index]}`));
  stack.prometheus = `http://127.0.0.1:${ports[4]}`;
  stack.alertmanager = `http://127.0.0.1:${ports[5]}`;
  return stack;
}

/** Sends a request with the certificate of `client`, or without one, and returns the status. */
function requestStatus(url: string, client?: string): Promise<number> {
  const read = (file: string): Buffer => readFileSync(join(certificates, client ?? '', file));
  const identity = client === undefined ? {} : { cert: read('tls.pem'), key: read('tls.key') };
  const ca = readFileSync(join(certificates, 'ca.pem'));
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false, ...identity }, (response) => {
      response.resume();
      response.on('end', () => { resolve(response.statusCode ?? 0); });
    }).on('error', reject);
  });
}

async function checkConfiguration(): Promise<void> {
  const file = JSON.parse(await compose('--profile', '*', 'config', '--format', 'json')) as ComposeFile;
  const problems = lint(file);
  expect(problems.length === 0, `compose.tls.yml has no lint problems; found: ${problems.join('; ')}`);
  reportSuccess('docker compose config with compose.tls.yml has no lint problems');
}

async function checkAggregate(stack: Stack): Promise<void> {
  interface Aggregate {
    meta: Record<string, { state: string }>;
  }
  const { meta } = await requestJson<Aggregate>(stack, `${stack.services['dashboard-service']}/api/aggregate`);
  const states = Object.entries(meta).map(([part, { state }]) => `${part} ${state}`);
  expect(states.length === 3 && states.every((state) => state.endsWith('fresh')), `all parts are fresh; found: ${states.join(', ')}`);
  reportSuccess(`the dashboard calls the services by mTLS: ${states.join(', ')}`);
}

async function checkClientCertificates(stack: Stack): Promise<void> {
  for (const [name, route] of internalRoutes) {
    const url = `${stack.services[name]}${route}`;
    const statuses = [await requestStatus(url), await requestStatus(url, 'prometheus'), await requestStatus(url, 'loadgen')];
    expect(statuses.join() === '403,403,200', `${name}: no certificate, another one, an allowed one: ${statuses.join()}`);
    expect((await requestStatus(`${stack.services[name]}/health`)) === 200, `${name}: /health needs no certificate`);
  }
  reportSuccess('inner services behind the gateway: 403 without an allowed client certificate, health without any');
}

async function checkPlainRequests(stack: Stack): Promise<void> {
  for (const name of serviceNames) {
    const url = `${stack.services[name].replace('https:', 'http:')}/health`;
    const error = await fetch(url).then((response) => `status ${response.status}`, () => 'refused');
    expect(error === 'refused', `${name} rejects plain HTTP; result: ${error}`);
  }
  reportSuccess('all services reject plain HTTP');
}

async function checkShutdown(): Promise<void> {
  await compose('stop');
  const lines = (await compose('ps', '-a', '--format', 'json')).split('\n').filter((line) => line.startsWith('{'));
  const stopped = lines.map((line) => JSON.parse(line) as { Name: string; ExitCode: number });
  const failed = stopped.filter(({ ExitCode }) => ExitCode !== 0).map(({ Name, ExitCode }) => `${Name} ${ExitCode}`);
  expect(failed.length === 0, `all containers exit with status 0; others: ${failed.join('; ')}`);
  reportSuccess(`all ${stopped.length} containers stopped with status 0`);
}

const stack = await configure();
terminateChildrenOnExit(() => {
  spawnSync('docker', [...composeArguments, 'down', '-v', '--remove-orphans'], { cwd: root, stdio: 'inherit' });
});
try {
  await checkConfiguration();
  if (!process.argv.includes('--no-build')) await compose('build', ...containers.slice(0, 5));
  await compose('up', '-d', '--no-build', '--wait', ...containers);
  reportSuccess(`healthy containers: ${containers.join(', ')}`);
  await waitUntilReady(stack, 30);
  await checkAggregate(stack);
  await checkClientCertificates(stack);
  await checkPlainRequests(stack);
  await checkTargets(stack, Object.fromEntries(serviceNames.map((name) => [name, 1])));
  await checkMetricsFormat(stack);
  await checkWatchdog(stack);
  await checkShutdown();
} catch (error) {
  console.error(await compose('logs', '--no-color', '--tail', '20').catch(String));
  throw error;
} finally {
  await compose('down', '-v', '--remove-orphans');
}
