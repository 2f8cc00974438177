// SPDX-License-Identifier: BSL-1.0
// Tests the stack on the Kubernetes cluster of KUBECONFIG: applies the local overlay in a separate namespace, injects
// faults under open-loop load, and counts the failed requests. Needs kubectl, and the images of compose on the nodes.
// usage: kube_command.ts [keep] [SCENARIO]...    keep: leave the stack in the cluster
import { eventually, expect, pause, reportSuccess } from '../support/assertions.ts';
import { selectScenarios } from '../support/fault_scenario.ts';
import type { ClusterScenario, List, Pod } from './cluster.ts';
import { runScenario, kubectl, parseJson, listReadyPods, waitForRollout, run, services, waitForReplicas } from './cluster.ts';
import { root, runProcess } from '../support/processes.ts';

interface Node {
  metadata: { name: string };
  spec: { unschedulable?: boolean; taints?: { effect: string }[] };
}

/** The names of the schedulable nodes. */
async function workers(): Promise<string[]> {
  const { items } = await parseJson<List<Node>>('get', 'nodes');
  const isSchedulable = ({ spec }: Node) => spec.unschedulable !== true && !spec.taints?.some(({ effect }) => effect === 'NoSchedule');
  return items.filter(isSchedulable).map(({ metadata }) => metadata.name);
}

const scenarios: Record<string, ClusterScenario> = {
  none: { service: 'time-service', inject: () => pause(6000) },
  'rolling update of all services': {
    service: 'time-service',
    inject: async (log) => {
      for (const service of services) await kubectl('rollout', 'restart', `deployment/${service}`);
      for (const service of services) {
        await waitForRollout(service);
        log(`${service} is updated`);
      }
    },
  },
  'drain of a node': {
    service: 'time-service',
    inject: async (log) => {
      const nodes = await workers();
      const loadgenPods = await parseJson<List<Pod>>('get', 'pods', '-l', 'app.kubernetes.io/name=loadgen', '--field-selector=status.phase=Running');
      const node = nodes.find((name) => name !== loadgenPods.items[0]?.spec.nodeName);
      if (node === undefined) throw new Error('a node other than that of the load generator is required');
      try {
        await kubectl('drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--pod-selector=app.kubernetes.io/part-of=cohort', '--timeout=80s');
        log(`${node} is drained`);
      } finally {
        await kubectl('uncordon', node);
      }
      log(`${node} accepts pods again`);
    },
  },
  'a killed pod': {
    service: 'time-service',
    inject: async (log) => {
      await pause(5000);
      const [pod] = await listReadyPods('time-service');
      await kubectl('delete', 'pod', pod?.metadata.name ?? '', '--grace-period=0', '--force');
      log(`${pod?.metadata.name ?? ''} is killed`);
      await waitForRollout('time-service');
      log('its replacement is ready');
    },
  },
  'scaling from 2 to 5 and to 1': {
    service: 'time-service',
    inject: async (log) => {
      for (const count of [5, 1]) {
        await kubectl('scale', 'deployment/time-service', `--replicas=${count}`);
        await eventually(`${count} pods`, 60, async () => (await listReadyPods('time-service')).length === count);
        log(`${count} ${count === 1 ? 'pod is' : 'pods are'} ready`);
        await pause(15000);
      }
    },
  },
  'an image that does not exist': {
    service: 'time-service',
    inject: async (log) => {
      await kubectl('set', 'image', 'deployment/time-service', 'time-service=cohort/time-service:does-not-exist');
      await eventually('the image cannot be pulled', 30, async () => /ErrImage|ImagePullBackOff|ErrImageNeverPull/.test(await kubectl('get', 'pods')));
      log('the new pod waits for its image');
      await pause(10000);
      expect((await listReadyPods('time-service')).length >= 2, 'both old pods are still ready');
      await kubectl('rollout', 'undo', 'deployment/time-service');
      await waitForRollout('time-service');
      log('the update is rolled back');
    },
  },
};

async function main(): Promise<void> {
  const selected = selectScenarios(scenarios, process.argv.slice(2).filter((word) => word !== 'keep'));
  const overlay = `${root}/deploy/kubernetes/overlays/local`;
  await run('', 'apply', '-k', overlay);
  // Without changes, `kubectl diff` must be empty.
  expect((await runProcess('kubectl', ['diff', '-k', overlay])).status === 0, '`kubectl diff` is empty after `kubectl apply`');
  reportSuccess('the manifests are applied, and a second application would change nothing');
  let failed = 0;
  for (const [name, scenario] of selected) {
    await kubectl('scale', ...services.map((service) => `deployment/${service}`), '--replicas=2');
    await waitForReplicas(2);
    if (name === 'drain of a node' && (await workers()).length < 2) {
      console.log(`skip  ${name}: the cluster has one node`);
      continue;
    }
    failed += await runScenario(name, scenario);
  }
  if (!process.argv.includes('keep')) await run('', 'delete', '-k', overlay, '--ignore-not-found');
  expect(failed === 0, 'no request fails');
}

await main();
