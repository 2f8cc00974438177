// SPDX-License-Identifier: BSL-1.0
// Checks that the Helm chart renders the same manifests as the kustomize directories, and rejects malformed values.
// `./dev e2e helm` requires kubectl and Helm. A missing Helm is built from source with Go. A cluster is optional.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { expect, reportSuccess } from '../support/assertions.ts';
import { findBackend, helm } from '../support/backends.ts';
import { chart, removeLinkMessages } from './chart.ts';
import type { Value } from './crd_schemas.ts';
import { customKinds, validateManifest, readDefinition } from './crd_schemas.ts';
import { root, runProcess, runSuccessfully } from '../support/processes.ts';

type Manifest = { [name: string]: Value } & { kind: string; metadata: { name: string; namespace: string } };

const { parseAllDocuments } = createRequire(join(root, 'monitoring/package.json'))('yaml') as {
  parseAllDocuments: (text: string) => { toJS: () => Manifest | null }[];
};
const kustomization = join(root, 'deploy/kubernetes');

const run = (program: string, ...args: string[]): Promise<string> => runSuccessfully(program, args);

/** Names of ConfigMaps end with a hash of their content, which the two tools compute differently. */
const removeHash = (text: string): string => text.replace(/^(cohort-[a-z-]+)-[a-z0-9]{10}$/, '$1');

/** Normalizes a value of a manifest: removes content hashes, and sorts lists of named elements. */
function normalize(value: Value): Value {
  if (typeof value === 'string') return removeHash(value);
  if (Array.isArray(value)) {
    const elements = value.map(normalize);
    const nameOf = (element: Value): string =>
      element !== null && typeof element === 'object' && 'name' in element ? String(element['name']) : '';
    return elements.every((element) => nameOf(element) !== '')
      ? elements.sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
      : elements;
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, normalize(value[name] ?? null)]));
}

function manifestsOf(text: string): Map<string, Value> {
  const manifests = parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
  // The namespace exists before a chart is installed, so the chart does not contain it.
  const manifestsToCompare = manifests.filter(({ kind }) => kind !== 'Namespace');
  return new Map(manifestsToCompare.map((each) => [`${each.kind} ${removeHash(each.metadata.name)}`, normalize(each)]));
}

/** Returns the paths at which two values differ. */
function differences(expected: Value | undefined, rendered: Value | undefined, path: string): string[] {
  if (JSON.stringify(expected) === JSON.stringify(rendered)) return [];
  const isObject = (value: Value | undefined) => value !== null && typeof value === 'object';
  if (!isObject(expected) || !isObject(rendered)) return [`${path}: ${JSON.stringify(expected)} by kustomize, ${JSON.stringify(rendered)} by the chart`];
  const [a, b] = [expected, rendered] as { [name: string]: Value }[];
  const names = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  return [...names].flatMap((name) => differences(a?.[name], b?.[name], `${path}.${name}`));
}

async function compare(program: string, name: string, directory: string, ...values: string[]): Promise<void> {
  const expected = manifestsOf(await run('kubectl', 'kustomize', directory));
  const { status, output } = await render(program, ...values);
  expect(status === 0, `the chart renders ${name}: ${output}`);
  const rendered = manifestsOf(output);
  const keys = [...new Set([...expected.keys(), ...rendered.keys()])];
  const found = keys.flatMap((key) => differences(expected.get(key), rendered.get(key), key));
  expect(found.length === 0, `the chart equals kustomize for ${name}:\n${found.join('\n')}`);
  expect(expected.size > 15, `kustomize renders all manifests for ${name}`);
  reportSuccess(`${name}: ${expected.size} manifests are equal`);
}

/** Returns the output of `helm template`. A Helm that was built from its Go module has no Kubernetes version, so the version is passed explicitly. */
async function render(program: string, ...values: string[]): Promise<{ status: number; output: string }> {
  const { status, output } = await runProcess(program, ['template', 'cohort', chart, '--kube-version', '1.34.0', '-n', 'cohort', ...values]);
  return { status, output: removeLinkMessages(output) };
}

/** Creates a kustomize directory with the base and components that no overlay combines. */
function writeKustomization(components: string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-helm-'));
  const pathOf = (part: string) => relative(directory, join(kustomization, part));
  const lists = `resources: [${pathOf('base')}]\ncomponents: [${components.map((each) => pathOf(`components/${each}`)).join(', ')}]\n`;
  writeFileSync(join(directory, 'kustomization.yaml'), `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: cohort\n${lists}`);
  return directory;
}

/** The chart settings of components whose names differ. */
const chartSettings: Record<string, string> = { 'autoscaling-requests': 'autoscaling.requestsInFlight', 'gateway-api': 'httpRoute.enabled' };

/** Checks that custom resources conform to the schemas of their definitions. */
async function checkCustomResources(program: string): Promise<void> {
  const { output } = await render(program, '--set', 'monitoring.enabled=true,httpRoute.enabled=true');
  const manifests = parseAllDocuments(output).flatMap((document) => document.toJS() ?? []);
  for (const kind of customKinds) {
    const definition = readDefinition(kind, (text) => parseAllDocuments(text)[0]?.toJS());
    const found = manifests.filter((manifest) => manifest.kind === kind);
    const problems = found.flatMap((manifest) => validateManifest(manifest, definition));
    expect(found.length > 0 && problems.length === 0, `${kind} conforms to its schema:\n${problems.join('\n')}`);
    const [changed] = found;
    const unknownFieldProblems = validateManifest({ ...changed, spec: { rulez: 1 } } as Manifest, definition);
    expect(unknownFieldProblems.length > 0, `the schema of ${kind} rejects an unknown field`);
    reportSuccess(`${kind}: ${found.length} manifests conform to the schema of the definition`);
  }
}

/** Checks that the API server of KUBECONFIG, if any, accepts the manifests without a warning. Nothing is applied. */
async function checkApiServer(program: string): Promise<void> {
  if ((await runProcess('kubectl', ['get', '--raw', '/readyz'])).status !== 0) {
    console.log('SKIP  the API server: KUBECONFIG does not select a reachable cluster');
    return;
  }
  const namespace = `cohort-e2e-helm-${process.pid}`;
  await run('kubectl', 'create', 'namespace', namespace);
  try {
    const enabledParts = ['autoscaling', 'discovery', 'gateway', 'queue'].map((each) => `${each}.enabled=true`).join(',');
    // The node port can be in use by a running stack.
    const local = ['-f', join(chart, 'values-local.yaml'), '--set', 'dashboard.nodePort=null'];
    for (const values of [local, ['-f', join(chart, 'values-production.yaml')], ['--set', enabledParts]]) {
      const { output } = await render(program, '-n', namespace, ...values);
      const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
      const { status, output: answer } = await runProcess('kubectl', args, output);
      const others = answer.split('\n').filter((line) => line !== '' && !line.includes('serverside-applied'));
      expect(status === 0 && others.length === 0, `the API server accepts ${values[1]}:\n${others.join('\n')}`);
      reportSuccess(`the API server accepts ${values[1]?.replace(`${chart}/`, '')} without a warning`);
    }
  } finally {
    await run('kubectl', 'delete', 'namespace', namespace, '--wait=false');
  }
}

/** Checks that a pod is not killed before its drain delay and its drain have ended. */
async function checkGracePeriod(program: string): Promise<void> {
  const { output } = await render(program, '--set-string', 'settings.DRAIN_DELAY=60');
  const periods = [...output.matchAll(/terminationGracePeriodSeconds: (\d+)/g)].map(([, period]) => Number(period));
  expect(periods.length === 4 && periods.every((period) => period === 78), `the grace period includes the drain delay: ${periods.join(', ')}`);
  reportSuccess('the grace period includes the drain delay');
}

/** Malformed values and a part of the expected error. */
const malformed: [string[], RegExp][] = [
  [['--set', 'replicas=two'], /replicas/],
  [['--set', 'replicas=0'], /replicas/],
  [['--set', 'autoscaling.enabled=perhaps'], /autoscaling\/enabled/],
  [['--set', 'tls.enable=true'], /enable/],
  [['--set', 'tls=null'], /missing property 'tls'/],
  [['--set', 'autoscaling.maxReplicas=null'], /missing property 'maxReplicas'/],
  [['--set', 'autoscaling.enabled=true,autoscaling.minReplicas=5,autoscaling.maxReplicas=2'], /minReplicas is 5, but must be at most autoscaling.maxReplicas, 2/],
  [['--set', 'image.repository=Upper/Case'], /image\/repository/],
  [['--set', 'image.tag=a b'], /image\/tag/],
  [['--set', 'ingress.host=a..b'], /ingress\/host/],
  [['--set', 'httpRoute.gateway=Public'], /httpRoute\/gateway/],
  [['--set-string', 'settings.DRAIN_DELAY=12s'], /DRAIN_DELAY/],
  [['--set', 'dashboard.nodePort=30500'], /dashboard.nodePort needs dashboard.serviceType/],
  [['--set', 'settings.log_level=debug'], /log_level/],
  [['--set', 'settings.DRAIN_DELAY=12'], /DRAIN_DELAY/],
  [['--set', 'dashboard.serviceType=Public'], /dashboard\/serviceType/],
  [['--set', 'keys.create=true'], /keys/],
  [['--set', 'ingress.enabled=true'], /ingress.enabled needs tls.enabled/],
  [['--set', 'tls.enabled=true,discovery.enabled=true'], /cannot be combined/],
  [['--set', 'tls.enabled=true,httpRoute.enabled=true'], /cannot be combined/],
  [['--set', 'tls.enabled=true,gateway.enabled=true'], /cannot be combined/],
];

async function main(): Promise<void> {
  const program = findBackend(helm);
  if (program === undefined) return;
  if ((await runProcess('kubectl', ['version', '--client'])).status !== 0) {
    console.log('SKIP  kubectl is not installed');
    return;
  }
  await run(program, 'lint', '--strict', '--kube-version', '1.34.0', chart);
  reportSuccess('helm lint');
  await compare(program, 'the overlay local', join(kustomization, 'overlays/local'), '-f', join(chart, 'values-local.yaml'));
  await compare(program, 'the overlay production', join(kustomization, 'overlays/production'), '-f', join(chart, 'values-production.yaml'));
  for (const components of [[], ['autoscaling', 'monitoring', 'queue', 'tls'], ['discovery', 'gateway'], ['autoscaling', 'autoscaling-requests', 'gateway-api']]) {
    const values = components.flatMap((each) => ['--set', `${chartSettings[each] ?? `${each}.enabled`}=${each === 'autoscaling-requests' ? 50 : true}`]);
    await compare(program, ['the base', ...components].join(' + '), writeKustomization(components), ...values);
  }
  await checkGracePeriod(program);
  await checkCustomResources(program);
  await checkApiServer(program);
  for (const [values, pattern] of malformed) {
    const { status, output } = await render(program, ...values);
    const lines = output.trim().split('\n').filter((line) => !/^(Error: values don't meet|cohort:|\s*$|Use --debug)/.test(line));
    expect(status !== 0 && lines.length === 1 && pattern.test(lines[0] ?? ''), `one error for ${values[1]}: ${output}`);
    reportSuccess(`${values[1]}: ${lines[0]?.trim()}`);
  }
}

await main();
process.exit(0);
