// SPDX-License-Identifier: BSL-1.0
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BackgroundProcess } from '../support/processes.ts';
import { root, startProcess } from '../support/processes.ts';

/** Retries and outlier detection of the dashboard's sidecar for its outbound calls. */
export interface OutboundPolicy {
  /** Retries of a failed call by Envoy; 0 disables retries. */
  retries: number;
  /** Whether Envoy ejects an endpoint after five failures in a row. */
  outlierDetection: boolean;
}

/** The ports of one service: its own and those of its sidecar. */
export interface ServicePorts {
  service: number;
  inbound: number;
  admin: number;
}

/** Common configuration of the sidecars. */
export interface Mesh {
  envoy: string;
  /** Directory of the certificates that deploy/tls/make-certificates creates. */
  certificates: string;
  directory: string;
  /** Port of the OTLP receiver on loopback; undefined: no traces. */
  traces: number | undefined;
}

const identity = (service: string): unknown => ({ san_type: 'URI', matcher: { exact: `spiffe://cohort/${service}` } });

function tracing(mesh: Mesh, service: string): unknown {
  if (mesh.traces === undefined) return {};
  return {
    spawn_upstream_span: true,
    provider: {
      name: 'envoy.tracers.opentelemetry',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig',
        service_name: `${service}-sidecar`,
        http_service: { http_uri: { uri: `http://127.0.0.1:${mesh.traces}/v1/traces`, cluster: 'traces', timeout: '1s' } },
      },
    },
  };
}

const endpoint = (port: number): unknown => ({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } });

/** The cluster of the trace receiver, as an entry of a YAML list; nothing without traces. */
function tracesCluster(mesh: Mesh): string {
  if (mesh.traces === undefined) return '';
  const cluster = {
    name: 'traces',
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: 'traces', endpoints: [{ lb_endpoints: [endpoint(mesh.traces)] }] },
  };
  return `    - ${JSON.stringify(cluster)}`;
}

/** Writes the configuration of a sidecar from its template in deploy/mesh. */
function writeConfiguration(mesh: Mesh, name: string, template: string, values: Record<string, string>): string {
  const text = readFileSync(join(root, 'deploy/mesh', template), 'utf8').replace(/\$\{([A-Z_]+)\}/g, (_, variable: string) => {
    const value = values[variable];
    if (value === undefined) throw new Error(`${template} has the unknown variable ${variable}`);
    return value;
  });
  const file = join(mesh.directory, `${name}.yaml`);
  writeFileSync(file, text);
  return file;
}

function inboundValues(mesh: Mesh, service: string, ports: ServicePorts, callers: string[]): Record<string, string> {
  return {
    SERVICE: service,
    SERVICE_PORT: String(ports.service),
    INBOUND_ADDRESS: '127.0.0.1',
    INBOUND_PORT: String(ports.inbound),
    ADMIN_PORT: String(ports.admin),
    CERTIFICATES: join(mesh.certificates, service),
    CALLERS: JSON.stringify(callers.map(identity)),
    INTERNAL_NETWORKS: JSON.stringify([{ address_prefix: '127.0.0.1', prefix_len: 32 }]),
    TRACING: JSON.stringify(tracing(mesh, service)),
    TRACES_CLUSTER: tracesCluster(mesh),
  };
}

function startEnvoy(mesh: Mesh, name: string, configuration: string): BackgroundProcess {
  // Validates the configuration first, so that an error is reported here instead of by a sidecar that exits later.
  execFileSync(mesh.envoy, ['--mode', 'validate', '-c', configuration, '-l', 'error'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const flags = ['-c', configuration, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'];
  return startProcess(`${name}-sidecar`, mesh.envoy, flags, join(mesh.directory, `${name}-sidecar.log`));
}

/** Starts the sidecar of a service without upstreams, which admits the callers. `name`: name of this replica. */
export function startServiceSidecar(mesh: Mesh, name: string, service: string, ports: ServicePorts, callers: string[]): BackgroundProcess {
  return startEnvoy(mesh, name, writeConfiguration(mesh, name, 'service.yaml', inboundValues(mesh, service, ports, callers)));
}

/** The inbound ports of the sidecars of the dashboard's upstreams. */
export interface UpstreamPorts {
  time: number[];
  sysinfo: number;
  weather: number;
}

/** Starts the sidecar of the dashboard, which sends its calls to the port `outbound`. */
export function startDashboardSidecar(
  mesh: Mesh,
  ports: ServicePorts,
  outbound: number,
  upstreams: UpstreamPorts,
  policy: OutboundPolicy,
): BackgroundProcess {
  const outlierDetection = { consecutive_5xx: 5, interval: '1s', base_ejection_time: '60s', max_ejection_percent: 50 };
  const values = {
    ...inboundValues(mesh, 'dashboard-service', ports, ['loadgen']),
    OUTBOUND_PORT: String(outbound),
    RETRY_POLICY: JSON.stringify(policy.retries === 0 ? {} : { retry_on: '5xx', num_retries: policy.retries }),
    OUTLIER_DETECTION: policy.outlierDetection ? JSON.stringify(outlierDetection) : '{ enforcing_consecutive_5xx: 0, enforcing_consecutive_gateway_failure: 0 }',
    TIME_ENDPOINTS: JSON.stringify(upstreams.time.map(endpoint)),
    SYSINFO_ENDPOINTS: JSON.stringify([endpoint(upstreams.sysinfo)]),
    WEATHER_ENDPOINTS: JSON.stringify([endpoint(upstreams.weather)]),
  };
  return startEnvoy(mesh, 'dashboard-service', writeConfiguration(mesh, 'dashboard-service', 'dashboard.yaml', values));
}

/** Returns a counter of an Envoy, such as `cluster.time.upstream_rq_retry`; 0 if there is none. */
export async function readCounter(adminPort: number, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`);
  return Number(/: (\d+)/.exec(await response.text())?.[1] ?? 0);
}
