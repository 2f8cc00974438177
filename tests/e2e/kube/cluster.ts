// SPDX-License-Identifier: BSL-1.0
// Accesses the services in the namespace `cohort` of the cluster that KUBECONFIG selects, and runs load there. Requires
// kubectl.
import { eventually } from '../support/assertions.ts';
import type { FaultScenario } from '../support/fault_scenario.ts';
import { injectUnderLoad } from '../support/fault_scenario.ts';
import { aggregateLoad, constantLoad, findLoadReport } from '../support/load_report.ts';
import { root, runSuccessfully, startProcess } from '../support/processes.ts';

export const namespace = 'cohort';
export const services = ['time-service', 'system-info-service', 'weather-service', 'dashboard-service'];
const rate = 50;

/** Runs kubectl with this input, and returns its output. Throws if it fails. */
export const run = (input: string, ...args: string[]): Promise<string> => runSuccessfully('kubectl', args, input);
export const kubectl = (...args: string[]): Promise<string> => run('', '-n', namespace, ...args);
export const parseJson = async <T>(...args: string[]): Promise<T> => JSON.parse(await kubectl(...args, '-o', 'json')) as T;

export interface List<T> {
  items: T[];
}
export interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { nodeName: string };
  status: { phase: string; conditions?: { type: string; status: string }[] };
}

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

export async function listReadyPods(service: string): Promise<Pod[]> {
  const { items } = await parseJson<List<Pod>>('get', 'pods', '-l', `app.kubernetes.io/name=${service}`);
  return items.filter(isReady);
}

export const waitForRollout = (service: string, timeout = 180): Promise<string> =>
  kubectl('rollout', 'status', `deployment/${service}`, `--timeout=${timeout}s`);

/** Waits until every pod of the stack, apart from the load, is ready, and the last one that was stopped has exited. */
async function waitUntilSettled(): Promise<void> {
  await eventually('no pod starts or stops', 120, async () => {
    const { items } = await parseJson<List<Pod>>('get', 'pods', '-l', 'app.kubernetes.io/part-of=cohort,app.kubernetes.io/name!=loadgen');
    return items.every(isReady);
  });
}

/** Waits until each of these services has `count` ready pods and no other pods. */
export async function waitForReplicas(count: number, names: string[] = services): Promise<void> {
  for (const service of names) {
    await waitForRollout(service);
    await eventually(`${service} has ${count} ready pods`, 90, async () => {
      const { items } = await parseJson<List<Pod>>('get', 'pods', '-l', `app.kubernetes.io/name=${service}`);
      return items.length === count && (await listReadyPods(service)).length === count;
    });
  }
}

export interface ClusterScenario extends FaultScenario {
  /** The URL that is requested instead of the dashboard's aggregate; each response with a 2xx status is a success. */
  url?: string;
}

/** Starts a Job with `rate` requests per second; returns its name. */
async function startLoad({ service, url }: ClusterScenario): Promise<string> {
  const job = await parseJson<{ spec: { template: { spec: { containers: [{ args: string[] }] } } } }>(
    'create', '--dry-run=client', '-f', `${root}/deploy/kubernetes/loadgen.yaml`,
  );
  job.spec.template.spec.containers[0].args = url === undefined ? aggregateLoad(service, rate) : constantLoad(`request=${url}`, rate);
  const name = (await run(JSON.stringify(job), '-n', namespace, 'create', '-f', '-', '-o', 'name')).trim();
  await eventually('the load runs', 60, async () => {
    const { items } = await parseJson<List<Pod>>('get', 'pods', '-l', `batch.kubernetes.io/job-name=${name.split('/')[1] ?? ''}`);
    return items[0]?.status.phase === 'Running';
  });
  return name;
}

/** Injects the faults under load, prints the events and the counts, and returns the number of failed requests. */
export async function runScenario(name: string, scenario: ClusterScenario): Promise<number> {
  const job = await startLoad(scenario);
  // Deleting the Job terminates its pod, whose log is read until then.
  const log = startProcess('load', 'kubectl', ['-n', namespace, 'logs', '-f', job], '/dev/null');
  const stop = async () => {
    await kubectl('delete', job);
    await log.exitStatus;
    return eventually('the load has ended', 10, () => Promise.resolve(findLoadReport(log.output)));
  };
  return injectUnderLoad(name, scenario, { waitUntilSettled, stop });
}
