// SPDX-License-Identifier: BSL-1.0
// The services in the namespace `cohort` of the cluster of KUBECONFIG, and load within it. Needs kubectl.
import { eventually } from '../assertions.ts';
import type { FaultScenario } from '../fault_scenario.ts';
import { injectUnderLoad } from '../fault_scenario.ts';
import type { LoadReport } from '../load_report.ts';
import { aggregateLoad, constantLoad, findLoadReport } from '../load_report.ts';
import { root, runSuccessfully } from '../processes.ts';

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

export async function readyPods(service: string): Promise<Pod[]> {
  const { items } = await parseJson<List<Pod>>('get', 'pods', '-l', `app.kubernetes.io/name=${service}`);
  return items.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
  );
}

export const rolledOut = (service: string, timeout = 180): Promise<string> =>
  kubectl('rollout', 'status', `deployment/${service}`, `--timeout=${timeout}s`);

/** Waits until each of these services has `count` ready pods and no other ones. */
export async function waitForReplicas(count: number, names: string[] = services): Promise<void> {
  for (const service of names) {
    await rolledOut(service);
    await eventually(`${service} has ${count} ready pods`, 90, async () => {
      const { items } = await parseJson<List<Pod>>('get', 'pods', '-l', `app.kubernetes.io/name=${service}`);
      return items.length === count && (await readyPods(service)).length === count;
    });
  }
}

export interface ClusterScenario extends FaultScenario {
  /** The URL that is requested instead of the dashboard's aggregate; each response with a 2xx status is a success. */
  url?: string;
}

/** Starts a Job with `rate` requests a second. */
async function startLoad({ service, seconds, url }: ClusterScenario): Promise<string> {
  const job = await parseJson<{ spec: { template: { spec: { containers: [{ args: string[] }] } } } }>(
    'create', '--dry-run=client', '-f', `${root}/deploy/kubernetes/loadgen.yaml`,
  );
  job.spec.template.spec.containers[0].args = url === undefined ? aggregateLoad(service, rate, seconds) : constantLoad(`request=${url}`, rate, seconds);
  const name = (await run(JSON.stringify(job), '-n', namespace, 'create', '-f', '-', '-o', 'name')).trim();
  await eventually('the load runs', 60, async () => {
    const { items } = await parseJson<List<Pod>>('get', 'pods', '-l', `batch.kubernetes.io/job-name=${name.split('/')[1] ?? ''}`);
    return items[0]?.status.phase === 'Running';
  });
  return name;
}

const readReport = (job: string, seconds: number): Promise<LoadReport> =>
  eventually('the load has ended', seconds + 60, async () => findLoadReport(await kubectl('logs', job)));

/** Injects the faults under load, prints the events and the counts, and returns the number of failed requests. */
export async function runScenario(name: string, scenario: ClusterScenario): Promise<number> {
  const job = await startLoad(scenario);
  const failed = await injectUnderLoad(name, scenario, () => readReport(job, scenario.seconds));
  await kubectl('delete', job, '--wait=false');
  return failed;
}
