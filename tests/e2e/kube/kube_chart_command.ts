// SPDX-License-Identifier: BSL-1.0
// Tests the Helm chart on the Kubernetes cluster of KUBECONFIG, with service discovery, gateway and message queue.
// Injects faults under open-loop load, upgrades, rolls back and uninstalls. Needs kubectl, and the images on the nodes;
// A missing Helm is built from source with Go. Autoscaling by requests in flight is tested if the nodes have the image of
// prometheus-adapter.
// usage: kube_chart_command.ts [SCENARIO]...
import { join } from 'node:path';

import { eventually, expect, reportSuccess } from '../support/assertions.ts';
import { findBackend, helm } from '../support/backends.ts';
import { selectScenarios } from '../support/fault_scenario.ts';
import { chart, removeLinkMessages } from '../helm/chart.ts';
import type { ClusterScenario, List } from './cluster.ts';
import { runScenario, kubectl, namespace, parseJson, listReadyPods, waitForRollout, run, services, waitForReplicas } from './cluster.ts';
import { metricSum } from '../support/metric_sum.ts';
import { findFreePorts, root, runSuccessfully, startProcess, terminateChildrenOnExit } from '../support/processes.ts';

const manifests = (name: string): string => join(root, 'tests/e2e/kube', name);
/** The API key of values-local.yaml. */
const apiKey = 'local-demo-key';
const brokerUrl = 'amqp://cohort:password-of-the-trial@rabbitmq.messaging';

async function runHelm(program: string, ...args: string[]): Promise<string> {
  return removeLinkMessages(await runSuccessfully(program, [...args, '-n', namespace]));
}

/** Returns the sum of a metric with these labels over the dashboards. */
async function sumMetric(name: string, labels: string): Promise<number> {
  const pods = await listReadyPods('dashboard-service');
  const texts = await Promise.all(
    pods.map(({ metadata }) => run('', 'get', '--raw', `/api/v1/namespaces/${namespace}/pods/${metadata.name}:5000/proxy/metrics`)),
  );
  return texts.reduce((sum, text) => sum + metricSum(text, name, labels), 0);
}

/** Waits until every dashboard has `count` endpoints of the time service. */
async function waitForEndpoints(count: number): Promise<void> {
  const countEndpoints = () => sumMetric('cohort_discovery_endpoints', '{upstream="time-service.cohort.svc",source="kubernetes"}');
  const dashboards = (await listReadyPods('dashboard-service')).length;
  await eventually(`each dashboard has ${count} pods`, 30, async () => (await countEndpoints()) === count * dashboards);
}

/** Waits until weather reports reach the dashboards through the broker: the counter of processed messages increases. */
async function waitForReports(): Promise<void> {
  const countReports = () => sumMetric('cohort_messaging_received_total', '{consumer="dashboard-service",result="processed"}');
  const before = await countReports();
  await eventually('weather reports reach the dashboards', 60, async () => (await countReports()) > before);
}

const waitForBroker = (): Promise<string> => run('', '-n', 'messaging', 'rollout', 'status', 'deployment/rabbitmq', '--timeout=120s');

/** Adds 400 ms of latency to each time service that is ready now, for `seconds`. */
async function slowDown(seconds: number): Promise<void> {
  for (const { metadata } of await listReadyPods('time-service')) {
    const [port = 0] = await findFreePorts(1);
    const args = ['-n', namespace, 'port-forward', `pod/${metadata.name}`, `${port}:5001`];
    const tunnel = startProcess('port-forward', 'kubectl', args, '/dev/null');
    await eventually('the port is forwarded', 20, () => Promise.resolve(tunnel.output.includes('Forwarding from')));
    const body = JSON.stringify({ latency_ms: 400, seconds });
    const response = await fetch(`http://127.0.0.1:${port}/api/faults`, { method: 'PUT', body, headers: { 'X-API-Key': apiKey } });
    expect(response.ok, `the fault is accepted; the response is ${response.status} ${await response.text()}`);
    await tunnel.stop();
  }
}

interface Autoscaler {
  status: { currentMetrics?: { type: string; pods?: { current: { averageValue: string } } }[] };
}

function scenarios(program: string, values: string[]): Record<string, ClusterScenario> {
  const upgrade = (...settings: string[]): Promise<string> =>
    runHelm(program, 'upgrade', 'cohort', chart, ...values, ...settings.flatMap((each) => ['--set', each]), '--wait', '--timeout', '3m');
  return {
    'gateway: rolling update': {
      service: 'time-service',
      url: 'http://gateway-service:5004/api/aggregate',
      inject: async (log) => {
        await kubectl('rollout', 'restart', 'deployment/gateway-service');
        await waitForRollout('gateway-service');
        log('gateway-service is updated');
      },
    },
    'discovery: scaling from 2 to 4 and to 2': {
      service: 'time-service',
      inject: async (log) => {
        await kubectl('scale', 'deployment/time-service', '--replicas=4');
        await eventually('4 pods', 60, async () => (await listReadyPods('time-service')).length === 4);
        log('4 pods are ready');
        await waitForEndpoints(4);
        log('the dashboards have 4 pods');
        await kubectl('scale', 'deployment/time-service', '--replicas=2');
        await waitForEndpoints(2);
        log('the dashboards have 2 pods');
      },
    },
    'queue: the broker is killed': {
      service: 'weather-service',
      // The parts of the aggregate are not checked: with the cache time of 1 s, a report is stale while the next report
      // is fetched.
      url: 'http://dashboard-service:5000/api/aggregate',
      inject: async (log) => {
        await waitForReports();
        log('weather reports reach the dashboards through the broker');
        await run('', '-n', 'messaging', 'delete', 'pods', '--all', '--grace-period=0', '--force');
        log('the pod of the broker is killed');
        await waitForBroker();
        log('the new broker is ready, without data');
        await waitForReports();
        log('weather reports reach the dashboards again');
      },
    },
    'helm upgrade and rollback': {
      service: 'time-service',
      inject: async (log) => {
        await upgrade('settings.LOG_LEVEL=warn');
        log('a changed setting is rolled out');
        await runHelm(program, 'rollback', 'cohort', '--wait', '--timeout', '3m');
        log('the upgrade is rolled back');
      },
    },
    'autoscaling by requests in flight': {
      service: 'time-service',
      url: 'http://gateway-service:5004/api/time',
      inject: async (log) => {
        await upgrade('autoscaling.enabled=true', 'autoscaling.requestsInFlight=4');
        log('autoscalers: on average 4 requests in flight per pod');
        await slowDown(120);
        log('each pod of the time service responds after 400 ms');
        await eventually('the autoscaler adds pods', 90, async () => (await listReadyPods('time-service')).length > 2);
        const { status } = await parseJson<Autoscaler>('get', 'hpa', 'time-service');
        const value = status.currentMetrics?.find(({ type }) => type === 'Pods')?.pods?.current.averageValue;
        log(`${(await listReadyPods('time-service')).length} pods are ready; requests in flight per pod, as measured by the autoscaler: ${value ?? 'none'}`);
      },
    },
  };
}

/** Starts the adapter for custom metrics, and returns whether it serves them. */
async function startCustomMetrics(): Promise<boolean> {
  await run('', 'apply', '--server-side', '-f', manifests('custom-metrics.yaml'));
  try {
    await run('', '-n', 'custom-metrics', 'rollout', 'status', 'deployment/custom-metrics', '--timeout=60s');
    return true;
  } catch {
    return false;
  }
}

async function install(program: string, values: string[]): Promise<void> {
  await run('', 'apply', '-f', join(root, 'deploy/kubernetes/overlays/local/namespace.yaml'), '-f', manifests('message-broker.yaml'));
  await waitForBroker();
  await kubectl('create', 'secret', 'generic', 'cohort-messaging', `--from-literal=url=${brokerUrl}`);
  const output = await runHelm(program, 'install', 'cohort', chart, ...values, '--wait', '--timeout', '3m');
  expect(output.includes('STATUS: deployed') && !/warn/i.test(output), `the chart is installed without a warning:\n${output}`);
  reportSuccess('helm install: the chart is deployed, with discovery, gateway and queue:');
  console.log((await kubectl('get', 'pods', '-o', 'wide')).trimEnd());
}

/** Uninstalls the chart, and checks that no object of it remains. */
async function uninstall(program: string): Promise<void> {
  await runHelm(program, 'uninstall', 'cohort', '--wait');
  const kinds = 'deployments,services,configmaps,secrets,networkpolicies,poddisruptionbudgets,hpa,roles,rolebindings,serviceaccounts';
  const { items } = await parseJson<List<{ metadata: { name: string } }>>('get', kinds, '-l', 'app.kubernetes.io/part-of=cohort');
  const names = items.map(({ metadata }) => metadata.name);
  expect(names.length === 0, `no resource of the chart remains: ${names.join(', ')}`);
  reportSuccess('helm uninstall: no resource of the chart remains');
}

async function main(): Promise<void> {
  terminateChildrenOnExit();
  const program = findBackend(helm);
  if (program === undefined) return;
  // A request for a stale report triggers a fetch, so that messages are published.
  const settings = ['gateway.enabled', 'discovery.enabled', 'queue.enabled'].map((each) => `${each}=true`);
  const values = ['-f', join(chart, 'values-local.yaml'), '--set', settings.join(','), '--set-string', 'settings.WEATHER_CACHE_SECONDS=1,settings.ENABLE_FAULTS=true'];
  const selected = selectScenarios(scenarios(program, values), process.argv.slice(2));
  let failed = 0;
  try {
    await install(program, values);
    for (const [name, scenario] of selected) {
      if (name.startsWith('autoscaling') && !(await startCustomMetrics())) {
        console.log(`SKIP  ${name}: the images of Prometheus and prometheus-adapter do not start on the nodes`);
        continue;
      }
      failed += await runScenario(name, scenario);
      if (!name.startsWith('autoscaling')) await waitForReplicas(2, [...services, 'gateway-service']);
    }
    await uninstall(program);
  } finally {
    for (const file of ['custom-metrics.yaml', 'message-broker.yaml']) {
      await run('', 'delete', '--ignore-not-found', '-f', manifests(file));
    }
    await run('', 'delete', 'namespace', namespace, '--ignore-not-found');
  }
  expect(failed === 0, 'no request fails');
}

await main();
process.exit(0);
