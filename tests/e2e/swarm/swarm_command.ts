// SPDX-License-Identifier: BSL-1.0
// Tests the stack of deploy/swarm on two engines in network namespaces of this machine: injects faults under open-loop
// load, and counts the failed requests. Needs root, Docker, and the images of compose.
// usage: swarm_command.ts [SCENARIO]...
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, expect, pause, reportSuccess } from '../support/assertions.ts';
import type { FaultScenario } from '../support/fault_scenario.ts';
import { injectUnderLoad, selectScenarios } from '../support/fault_scenario.ts';
import type { LoadReport } from '../support/load_report.ts';
import { aggregateLoad, findLoadReport } from '../support/load_report.ts';
import { root, runProcess, runSuccessfully, terminateChildrenOnExit } from '../support/processes.ts';

const stack = 'cohort';
/** The services, and their numbers of replicas in the stack file. */
const replicas = new Map([['time-service', 3], ['system-info-service', 3], ['weather-service', 3], ['dashboard-service', 2]]);
const services = [...replicas.keys()];
const version = '0.2.0';
const images = [...services, 'loadgen'].map((name) => `cohort/${name}:${version}`);
const nodeCount = 2;
const rate = 50;
const apiKey = 'key-of-the-end-to-end-check-0123456789';
const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-swarm-'));
const nodes = join(root, 'tests/e2e/swarm/nodes');

const dockerOn = (node: number, input: string, ...args: string[]): Promise<string> =>
  runSuccessfully('docker', ['-H', `unix://${directory}/${node}.sock`, ...args], input);
/** Runs a Docker command on the manager, node-1. */
const docker = (...args: string[]): Promise<string> => dockerOn(1, '', ...args);
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Returns the nodes of a service's running tasks. */
async function runningTasks(service: string): Promise<string[]> {
  const output = await docker('service', 'ps', `${stack}_${service}`, '--filter', 'desired-state=running', '--format', '{{.Node}} {{.CurrentState}}');
  return lines(output).filter((line) => line.includes(' Running ')).map((line) => line.split(' ')[0] ?? '');
}

async function waitForReplicas(service: string, count = replicas.get(service), timeout = 90): Promise<void> {
  await eventually(`${service} has ${count} running tasks`, timeout, async () => {
    const all = await docker('service', 'ps', `${stack}_${service}`, '--filter', 'desired-state=running', '--format', '{{.ID}}');
    return lines(all).length === count && (await runningTasks(service)).length === count;
  });
}

/** Returns text such as `time-service on node-1 node-2 node-2`. */
async function describePlacement(): Promise<string> {
  return `time-service on ${(await runningTasks('time-service')).sort().join(' ')}`;
}

/** Changes a service and waits for the end of the update; returns its state, such as `completed`. */
async function update(service: string, ...flags: string[]): Promise<string> {
  await docker('service', 'update', '--detach', '--no-resolve-image', ...flags, `${stack}_${service}`);
  return eventually(`the update of ${service} has ended`, 240, async () => {
    const state = (await docker('service', 'inspect', `${stack}_${service}`, '--format', '{{.UpdateStatus.State}}')).trim();
    return ['completed', 'rollback_completed', 'paused', 'rollback_paused'].includes(state) && state;
  });
}

const scenarios: Record<string, FaultScenario> = {
  none: { service: 'time-service', inject: () => pause(6000) },
  'rolling update of all services': {
    service: 'time-service',
    inject: async (log) => {
      await Promise.all(services.map(async (service) => { log(`${service}: ${await update(service, '--force')}`); }));
    },
  },
  'drain of each node': {
    service: 'time-service',
    inject: async (log) => {
      for (const [number, remaining] of [[2, 1], [1, 2]] as const) {
        const before = await describePlacement();
        await docker('node', 'update', '--availability', 'drain', `node-${number}`);
        log(`node-${number} is being drained; ${before}`);
        await eventually(`no task is left on node-${number}`, 90, async () => {
          const tasks = await dockerOn(number, '', 'ps', '-q', '--filter', 'label=com.docker.swarm.task.id');
          return tasks === '';
        });
        for (const service of services.slice(0, 3)) {
          await eventually(`two replicas of ${service} run on node-${remaining}`, 90, async () => {
            const where = await runningTasks(service);
            return where.length === 2 && where.every((node) => node === `node-${remaining}`);
          });
        }
        log(`node-${number} is drained; ${await describePlacement()}`);
        await pause(5000);
        await docker('node', 'update', '--availability', 'active', `node-${number}`);
        for (const service of services) await waitForReplicas(service);
        log(`node-${number} accepts tasks again; ${await describePlacement()}`);
      }
    },
  },
  'a killed container': {
    service: 'time-service',
    inject: async (log) => {
      await pause(5000);
      const [node = ''] = await runningTasks('time-service');
      const number = Number(node.replace('node-', ''));
      const filter = `label=com.docker.swarm.service.name=${stack}_time-service`;
      const [killed = ''] = lines(await dockerOn(number, '', 'ps', '--filter', filter, '--format', '{{.Label "com.docker.swarm.task.id"}} {{.ID}}'));
      const [task = '', container = ''] = killed.split(' ');
      await dockerOn(number, '', 'kill', container);
      log(`a container of time-service on ${node} is killed`);
      await eventually('the manager has detected the failure', 90, async () => {
        const state = await docker('inspect', '--type', 'task', task, '--format', '{{.Status.State}}');
        return state.trim() !== 'running';
      });
      await waitForReplicas('time-service');
      log('its replacement is healthy');
    },
  },
  'scaling from 3 to 5 and to 1': {
    service: 'time-service',
    inject: async (log) => {
      for (const [count, perNode] of [[5, 3], [1, 2]] as const) {
        const limits = ['--replicas', String(count), '--replicas-max-per-node', String(perNode)];
        await docker('service', 'update', '--detach', '--no-resolve-image', ...limits, `${stack}_time-service`);
        await waitForReplicas('time-service', count);
        log(`${count} ${count === 1 ? 'task runs' : 'tasks run'}`);
        await pause(15_000);
      }
    },
  },
  'an image that does not exist': {
    service: 'time-service',
    inject: async (log) => {
      const state = await update('time-service', '--image', 'cohort/time-service:does-not-exist');
      log(`the update has ended: ${state}`);
      expect(state === 'rollback_completed', `Swarm rolls the update back; the state is ${state}`);
      await waitForReplicas('time-service');
    },
  },
};

/** Waits until each service has the configured number of running tasks, and the last stopped task has exited. */
async function waitUntilSettled(): Promise<void> {
  await eventually('no task starts or stops', 120, async () => {
    const names = services.map((service) => `${stack}_${service}`);
    const tasks = lines(await docker('service', 'ps', ...names, '--format', '{{.DesiredState}} {{.CurrentState}}'));
    return tasks.every((task) => task.startsWith('Running Running ') || /^(Shutdown|Remove) (Shutdown|Failed|Rejected|Complete|Orphaned|Remove) /.test(task));
  });
}

/** Starts `rate` requests a second in a container on node-1, which is not a task of the swarm, so that no drain stops it. */
async function startLoad(service: string): Promise<string> {
  const options = ['--network', `${stack}_services`, '--env', `API_KEY=${apiKey}`];
  return (await docker('run', '--detach', ...options, `cohort/loadgen:${version}`, ...aggregateLoad(service, rate))).trim();
}

async function stopLoad(container: string): Promise<LoadReport> {
  await docker('kill', '--signal', 'TERM', container);
  return eventually('the load has ended', 30, async () => findLoadReport(await docker('logs', container)));
}

/** Prints the log lines of the dashboards about failures. Reads them by container, because `docker service logs` can wait forever for a task. */
async function printFailures(): Promise<void> {
  for (let node = 1; node <= nodeCount; ++node) {
    const containers = await dockerOn(node, '', 'ps', '-aq', '--filter', `label=com.docker.swarm.service.name=${stack}_dashboard-service`);
    for (const container of lines(containers)) {
      const log = lines(await dockerOn(node, '', 'logs', container));
      console.log(log.filter((line) => /"status":5\d\d|"level":"(warn|error)"/.test(line)).slice(-10).join('\n'));
    }
  }
}

async function runScenario(name: string, scenario: FaultScenario): Promise<number> {
  const load = await startLoad(scenario.service);
  const failed = await injectUnderLoad(name, scenario, { waitUntilSettled, stop: () => stopLoad(load) });
  await docker('rm', load);
  if (failed > 0) await printFailures();
  return failed;
}

async function deploy(): Promise<void> {
  for (const name of ['cohort_api_key', 'cohort_dashboard_secret_key']) {
    await dockerOn(1, apiKey, 'secret', 'create', name, '-');
  }
  process.env['WEATHER_SAMPLE'] = 'true';
  await docker('stack', 'deploy', '--resolve-image', 'never', '-c', join(root, 'deploy/swarm/stack.yml'), stack);
  for (const service of services) await waitForReplicas(service);
  reportSuccess(`the stack is deployed on ${nodeCount} nodes:`);
  console.log(await docker('stack', 'ps', stack, '--format', 'table {{.Name}}\t{{.Node}}\t{{.CurrentState}}'));
}

async function main(): Promise<void> {
  const selected = selectScenarios(scenarios, process.argv.slice(2));
  terminateChildrenOnExit();
  // Runs in a synchronous exit handler, so that no engine outlives this program.
  process.once('exit', () => spawnSync(nodes, ['down', directory, String(nodeCount)], { stdio: 'inherit' }));
  const { status, output } = await runProcess(nodes, ['up', directory, String(nodeCount), ...images]);
  expect(status === 0, `the engines start:\n${output}`);
  await deploy();
  let failed = 0;
  for (const [name, scenario] of selected) {
    await docker('service', 'scale', '--detach', ...[...replicas].map(([service, count]) => `${stack}_${service}=${count}`));
    for (const service of services) await waitForReplicas(service);
    failed += await runScenario(name, scenario);
  }
  expect(failed === 0, 'no request fails');
}

await main();
process.exit(0);
