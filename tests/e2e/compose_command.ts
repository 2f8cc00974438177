// The compose stack for real, from `up` to `down`: a project of its own, with a key, faults enabled, and a weather provider that
// does not depend on the internet. Needs Docker with compose; takes the stack's usual ports, and names its images as the stack does.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ComposeFile } from './compose_lint.ts';
import { lint } from './compose_lint.ts';
import { playIncident, printed } from './incident.ts';
import { endAllAtExit, root, run, WeatherProvider } from './processes.ts';
import { query } from './prometheus.ts';
import type { Stack } from './stack.ts';
import { askJson, inject, onUsualPorts, ready, serviceNames } from './stack.ts';
import { eventually, expect, tell } from './waiting.ts';
import { exemplarsArrive, heartbeatArrives, metricsAreWellFormed, rulesAreWell, targetsAreUp } from './watching.ts';

const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-'));
const keyFile = join(directory, 'api_key');
const override = join(directory, 'override.yml');
const key = 'key-of-the-end-to-end-check';

// Nothing of the user's own settings, neither from a file nor from the shell.
for (const name of ['API_KEY', 'DASHBOARD_SECRET_KEY', 'DASHBOARD_SECRET_KEY_FILE', 'RATE_LIMIT']) delete process.env[name];
const composeArguments = ['compose', '--env-file', '/dev/null', '-f', 'compose.yml', '-f', override];
process.env['COMPOSE_PROJECT_NAME'] = 'cohort-e2e';
process.env['API_KEY_FILE'] = keyFile;
process.env['ENABLE_FAULTS'] = 'true';

async function compose(...args: string[]): Promise<string> {
  return composeEnding([0], ...args);
}

async function composeEnding(fine: number[], ...args: string[]): Promise<string> {
  const { status, output } = await run('docker', [...composeArguments, ...args]);
  if (!fine.includes(status)) throw new Error(`docker compose ${args.join(" ")} ended with ${status}:\n${output.slice(-4000)}`);
  return output;
}

interface Container {
  Name: string;
  Service: string;
  State: string;
  Health: string;
  ExitCode: number;
}

async function containers(...flags: string[]): Promise<Container[]> {
  const listed = await compose('ps', '--format', 'json', ...flags);
  return listed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Container);
}

async function allAreHealthy(expected: number): Promise<void> {
  const all = await eventually(`${expected} containers are healthy`, 180, async () => {
    const now = await containers();
    const ill = now.filter((each) => each.State !== 'running' || each.Health !== 'healthy');
    if (ill.length > 0) throw new Error(ill.map((each) => `${each.Name} ${each.State} ${each.Health}`).join('; '));
    return now.length === expected ? now : undefined;
  });
  tell(`healthy containers: ${all.map((each) => each.Name).sort().join(", ")}`);
}

/** Grafana's image cannot be had everywhere; without it the rest is checked all the same, and that is said. */
async function servicesToStart(): Promise<string[]> {
  const all = (await compose('config', '--services')).trim().split('\n');
  const image = (await compose('config', '--images', 'grafana')).trim().split('\n').find((each) => each.startsWith('grafana/')) ?? '';
  const isThere = (await run('docker', ['image', 'inspect', image])).status === 0 || (await run('docker', ['pull', '-q', image])).status === 0;
  if (!isThere) console.log(`skip  grafana: ${image} cannot be had here`);
  return all.filter((name) => isThere || name !== 'grafana');
}

async function configurationIsSound(): Promise<void> {
  const wrong = lint(JSON.parse(await compose('--profile', '*', 'config', '--format', 'json')) as ComposeFile);
  expect(wrong.length === 0, `compose.yml is as it should be, but: ${wrong.join("; ")}`);
  tell('docker compose config: pinned, limited, read-only, without capabilities, not root, on loopback');
}

async function endpointsAnswer(stack: Stack): Promise<void> {
  interface Aggregate {
    meta: Record<string, { state: string }>;
  }
  const { meta } = await askJson<Aggregate>(stack, `${stack.services["dashboard-service"]}/api/aggregate`);
  const states = Object.entries(meta).map(([part, { state }]) => `${part} ${state}`);
  expect(states.every((each) => each.endsWith('fresh')), `all parts are fresh, not ${states.join(", ")}`);
  const refused = await fetch(`${stack.services["time-service"]}/api/time`);
  expect(refused.status === 401, `without the key 401, not ${refused.status}`);
  tell(`aggregate with the key: ${states.join(", ")}; without it 401`);
}

async function scaling(stack: Stack, started: string[]): Promise<void> {
  await compose('up', '-d', '--no-build', '--scale', 'time-service=3', ...started);
  await allAreHealthy(started.length + 2);
  await targetsAreUp(stack, { 'time-service': 3 });
  await compose('up', '-d', '--no-build', ...started);
  await targetsAreUp(stack, { 'time-service': 1 });
}

/** Its status for a run whose figures are the busy machine's: here it is the requests that count. */
const invalid = 120;

/** The compose loadgen, which must be scraped while it runs. */
async function loadFromCompose(stack: Stack): Promise<void> {
  const running = composeEnding([0, invalid], 'run', '--rm', '--no-deps', '-T', 'loadgen', '-m', 'spike', '-r', '20', '-d', '40');
  running.catch(() => undefined); // awaited below: until then its failure must not end this program
  await eventually("loadgen's metrics are in Prometheus", 60, async () => (await query(stack, 'loadgen_requests_sent_total')).length > 0);
  const report = await running;
  expect(/Failed\s*:?\s*0\b/.test(report), `loadgen's requests all succeeded:\n${report}`);
  tell('loadgen in compose: spike of 320/s, no request failed, scraped by Prometheus');
}

/** By a fault that needs more memory than its container may have: the kernel kills it, as it would any that grows so. */
async function killedContainerReturns(stack: Stack): Promise<void> {
  const name = (await containers()).find((each) => each.Service === 'weather-service')?.Name ?? '';
  const restarts = async (): Promise<string> => (await run('docker', ['inspect', '-f', '{{.RestartCount}}', name])).output.trim();
  const before = await restarts();
  await inject(stack, 'weather-service', { memory_mb: 1024, seconds: 60 }).catch(() => undefined);
  await eventually(`${name} was killed and restarted`, 60, async () => (await restarts()) !== before);
  await ready(stack, 60);
  tell(`${name} wanted more than its memory limit, was killed, and came back by itself`);
}

async function memoryIsWithinLimits(): Promise<void> {
  const names = (await containers()).map((each) => each.Name);
  const { output } = await run('docker', ['stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}} {{.MemPerc}}', ...names]);
  const lines = output.trim().split('\n');
  const high = lines.filter((line) => Number(/([\d.]+)%$/.exec(line)?.[1] ?? '100') > 80);
  expect(high.length === 0, `no container near its memory limit: ${high.join("; ")}`);
  for (const line of lines) tell(`memory: ${line}`);
}

async function shutdownIsClean(): Promise<void> {
  await compose('stop');
  const all = await containers('-a');
  const unclean = all.filter((each) => each.State !== 'exited' || each.ExitCode !== 0);
  expect(unclean.length === 0, `every container ends with 0: ${unclean.map((each) => `${each.Name} ${each.State} ${each.ExitCode}`).join("; ")}`);
  tell(`stopped, all ${all.length} with status 0`);
}

const provider = new WeatherProvider();
const port = await provider.listen('0.0.0.0');
writeFileSync(keyFile, `${key}\n`);
writeFileSync(
  override,
  `services:
  weather-service:
    extra_hosts: ["provider:host-gateway"]
    environment: { WEATHER_UPSTREAM_URL: "http://provider:${port}", WEATHER_FALLBACK_URL: none }
`,
);
const stack = onUsualPorts(key);
endAllAtExit(() => {
  spawnSync('docker', [...composeArguments, 'down', '-v', '--remove-orphans'], { cwd: root, stdio: 'inherit' });
});
try {
  await configurationIsSound();
  await compose('--profile', 'load', 'build');
  const started = await servicesToStart();
  await compose('up', '-d', '--no-build', ...started);
  await allAreHealthy(started.length);
  await ready(stack, 30);
  await endpointsAnswer(stack);
  await targetsAreUp(stack, Object.fromEntries(serviceNames.map((name) => [name, 1])));
  await rulesAreWell(stack);
  await metricsAreWellFormed(stack);
  await heartbeatArrives(stack);
  await scaling(stack, started);
  await loadFromCompose(stack);
  await exemplarsArrive(stack);
  await killedContainerReturns(stack);
  const load = compose('run', '--rm', '--no-deps', '-T', '--name', 'cohort-e2e-load', 'loadgen', '-r', '20', '-d', '1800');
  load.catch(() => undefined); // it is stopped before its end
  try {
    await playIncident(stack, (moment) => console.log(printed(moment)));
    tell('an incident came to the page, and went');
  } finally {
    await run('docker', ['stop', 'cohort-e2e-load']);
    await load.catch(() => undefined);
  }
  await memoryIsWithinLimits();
  await allAreHealthy(started.length);
  await shutdownIsClean();
} catch (error) {
  writeFileSync(join(directory, 'containers.log'), await compose('logs', '--no-color').catch(String));
  console.error(`logs in ${directory}`);
  throw error;
} finally {
  await compose('down', '-v', '--remove-orphans');
  provider.close();
}
