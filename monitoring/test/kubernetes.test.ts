// SPDX-License-Identifier: BSL-1.0
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { prometheusRules, rulesFile } from '../kubernetes/rules.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const documents = <T>(path: string) => parseAllDocuments(read(path)).map((document) => document.toJS() as T);

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  failureThreshold: number;
}
interface Container {
  image: string;
  args: string[];
  ports: { name: string; containerPort: number }[];
  env: { name: string; value?: string }[];
  startupProbe: Probe;
  readinessProbe: Probe;
  livenessProbe: Probe;
  securityContext: object;
}
interface Deployment {
  kind: string;
  spec: {
    strategy: { rollingUpdate: object };
    template: {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      spec: { terminationGracePeriodSeconds: number; securityContext: object; enableServiceLinks: boolean; containers: [Container] };
    };
  };
}
interface Service {
  kind: string;
  spec: { clusterIP?: string; ports: { port: number }[] };
}
interface ComposeService {
  image: string;
  environment?: Record<string, string | null>;
}
interface NetworkPolicy {
  metadata: { name: string };
  spec: { ingress?: { ports: { port: number }[] }[]; egress?: { ports: { port: number }[] }[] };
}

const compose = (parse(read('compose.yml'), { merge: true }) as { services: Record<string, ComposeService> }).services;
const names = ['dashboard-service', 'time-service', 'system-info-service', 'weather-service'];
const ports: Record<string, number> = {
  'dashboard-service': 5000,
  'time-service': 5001,
  'system-info-service': 5002,
  'weather-service': 5003,
};
const settings = Object.fromEntries(
  (parse(read('deploy/kubernetes/base/kustomization.yaml')) as { configMapGenerator: { literals: string[] }[] }).configMapGenerator
    .flatMap(({ literals }) => literals)
    .map((literal) => literal.split('=', 2) as [string, string]),
);
/** The drain timeout of the services in seconds: the default of --drain-seconds. */
const drainSeconds = 10;

const documentsOf = (name: string) => documents<Deployment & Service>(`deploy/kubernetes/base/${name}.yaml`);
const deploymentOf = (name: string): Deployment => documentsOf(name).find(({ kind }) => kind === 'Deployment') as Deployment;

describe.each(names)('the Kubernetes manifests of %s', (name) => {
  const { template, strategy } = deploymentOf(name).spec;
  const container = template.spec.containers[0];

  it('the manifests use the image and port of compose', () => {
    expect(container.image).toBe(compose[name]?.image);
    expect(container.args[0]).toBe(`/bin/${name}`);
    expect(container.ports).toEqual([{ name: 'http', containerPort: ports[name] }]);
    expect(template.metadata.annotations['prometheus.io/port']).toBe(String(ports[name]));
    const service = documentsOf(name).find(({ kind }) => kind === 'Service') as Service;
    expect(service.spec.ports.map(({ port }) => port)).toEqual([ports[name]]);
  });

  it('the manifests set only variables that the service supports', () => {
    const known = Object.keys(compose[name]?.environment ?? {});
    for (const variable of [...Object.keys(settings), ...container.env.map((entry) => entry.name)]) expect(known).toContain(variable);
    expect(template.spec.enableServiceLinks).toBe(false);
  });

  it('a pod can drain before it is killed, and an update keeps all replicas', () => {
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(settings['DRAIN_DELAY']) + drainSeconds);
    expect(strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  it('a container has startup, readiness and liveness probes', () => {
    const { startupProbe, readinessProbe, livenessProbe } = container;
    expect([startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.path)).toEqual(['/readyz', '/readyz', '/livez']);
    // A draining pod, whose readiness probe fails, is not restarted, and a busy pod has 30 s to respond.
    expect(livenessProbe.periodSeconds * livenessProbe.failureThreshold).toBeGreaterThanOrEqual(30);
    // A draining pod receives no new requests long before it stops accepting connections.
    expect(readinessProbe.periodSeconds * readinessProbe.failureThreshold).toBeLessThan(Number(settings['DRAIN_DELAY']));
  });

  it('a pod conforms to the restricted Pod Security Standard', () => {
    expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});

describe('the network policies', () => {
  const policies = Object.fromEntries(
    documents<NetworkPolicy>('deploy/kubernetes/base/network-policies.yaml').map((policy) => [policy.metadata.name, policy.spec]),
  );
  const portsOf = (rules: { ports: { port: number }[] }[] = []) => rules.flatMap((rule) => rule.ports.map(({ port }) => port));

  it('the network policies allow the dashboard to call the services of its URLs', () => {
    const urls = deploymentOf('dashboard-service').spec.template.spec.containers[0].env.filter((entry) => entry.name.endsWith('_URL'));
    expect(portsOf(policies['dashboard-service']?.egress)).toEqual(urls.map(({ value = '' }) => Number(new URL(value).port)));
    expect(portsOf(policies['inner-services']?.ingress)).toEqual([5001, 5002, 5003]);
  });

  it('the network policies deny all other connections', () => {
    expect(policies['deny-all']).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });
});

it('the rules of the Prometheus operator match monitoring/prometheus/rules (otherwise run: npm run build)', () => {
  expect(readFileSync(rulesFile, 'utf8')).toBe(prometheusRules());
});

describe('the Helm chart', () => {
  const chart = parse(read('deploy/helm/cohort/Chart.yaml')) as { version: string; appVersion: string };
  const values = parse(read('deploy/helm/cohort/values.yaml')) as Record<string, unknown> & { settings: Record<string, string> };

  it('the chart has the version of the images and the settings of the base', () => {
    expect(`cohort/time-service:${chart.appVersion}`).toBe(compose['time-service']?.image);
    expect(chart.version).toBe(chart.appVersion);
    expect(values.settings).toEqual(settings);
  });

  it('the schema describes exactly the values of the chart', () => {
    interface Schema {
      additionalProperties?: boolean;
      properties?: Record<string, Schema>;
    }
    const names = (value: unknown, path: string): string[] =>
      value !== null && typeof value === 'object' ? Object.entries(value).flatMap(([name, each]) => names(each, `${path}.${name}`)) : [path];
    const declaredPaths = (schema: Schema, path: string): string[] =>
      schema.properties ? Object.entries(schema.properties).flatMap(([name, each]) => declaredPaths(each, `${path}.${name}`)) : [path];
    const schema = JSON.parse(read('deploy/helm/cohort/values.schema.json')) as Schema;
    // Environment variables have arbitrary names, and `global` belongs to Helm.
    const fixedPaths = (paths: string[]) => paths.filter((path) => !/^\.(settings|global)/.test(path)).sort();
    expect(fixedPaths(declaredPaths(schema, ''))).toEqual(fixedPaths(names(values, '')));
    expect(schema.additionalProperties).toBe(false);
  });

  it('manifests without a setting are links to files of the kustomize directories', () => {
    for (const file of readdirSync(new URL('../../deploy/helm/cohort/files', import.meta.url))) {
      const target = realpathSync(new URL(`../../deploy/helm/cohort/files/${file}`, import.meta.url));
      expect(target).toContain('/deploy/kubernetes/');
    }
  });
});

describe('the components gateway and queue', () => {
  it('the components use the images and ports of compose', () => {
    const [deployment] = documents<Deployment>('deploy/kubernetes/components/gateway/gateway-service.yaml');
    const container = deployment?.spec.template.spec.containers[0];
    expect(container?.image).toBe(compose['gateway-service']?.image);
    expect(container?.ports).toEqual([{ name: 'http', containerPort: 5004 }]);
  });

  it('the network policies allow the connections of the gateway and the broker', () => {
    const portsOf = (path: string) =>
      documents<NetworkPolicy>(path).flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])].map((rule) => rule.ports.map(({ port }) => port)));
    const routes = JSON.parse(read('services/gateway/routes.json')) as { upstreams: Record<string, { url: string }> };
    const upstreams = Object.values(routes.upstreams).map(({ url }) => Number(new URL(url).port)).sort();
    expect(portsOf('deploy/kubernetes/components/gateway/network-policies.yaml')).toEqual([[5004], upstreams, [5001, 5002, 5003]]);
    // The ports of AMQP with and without TLS, and the usual ports of Kafka.
    expect(portsOf('deploy/kubernetes/components/queue/network-policies.yaml')).toEqual([[5671, 5672, 9092, 9093]]);
  });
});

it('the load generator uses the image of compose', () => {
  const [job] = documents<{ spec: { template: { spec: { containers: [{ image: string }] } } } }>('deploy/kubernetes/loadgen.yaml');
  expect(job?.spec.template.spec.containers[0].image).toBe(compose['loadgen']?.image);
});
