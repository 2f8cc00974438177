// SPDX-License-Identifier: BSL-1.0
// Checks deadlines, retries, traces and ejections of the four services behind real Envoy sidecars with mTLS, as
// deploy/mesh configures them. `./dev e2e mesh` prints the expected and the observed results.
import { mkdtempSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { elapsed, eventually, expect } from '../support/assertions.ts';
import { findBackend, findEnvoy, jaeger } from '../support/backends.ts';
import { startJaeger } from '../support/jaeger.ts';
import type { Mesh, OutboundPolicy, ServicePorts } from './sidecars.ts';
import { readCounter, startDashboardSidecar, startServiceSidecar } from './sidecars.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { findFreePorts, root, runProcess, startProcess, terminateChildrenOnExit } from '../support/processes.ts';
import type { Stack } from '../support/stack.ts';
import { clearFaults, injectFaults, request, stackOnDefaultPorts } from '../support/stack.ts';

const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-mesh-'));
const certificates = join(directory, 'certificates');
const rows: [string, string, string][] = [];

/** Records a row of the table; throws if the result is unexpected. */
function report(name: string, expected: string, observed: string, isExpected: boolean): void {
  rows.push([name, expected, observed]);
  console.log(`${isExpected ? 'ok   ' : 'FAIL '} ${name}: ${observed}`);
  expect(isExpected, `${name}: ${expected}; observed: ${observed}`);
}

interface Ports {
  time: ServicePorts;
  secondTimeReplica: ServicePorts;
  sysinfo: ServicePorts;
  weather: ServicePorts;
  dashboard: ServicePorts;
  outbound: number;
}

async function choosePorts(): Promise<Ports> {
  const free = await findFreePorts(16);
  const take = (index: number): ServicePorts => {
    const [service = 0, inbound = 0, admin = 0] = free.slice(3 * index);
    return { service, inbound, admin };
  };
  return { time: take(0), secondTimeReplica: take(1), sysinfo: take(2), weather: take(3), dashboard: take(4), outbound: free[15] ?? 0 };
}

function startService(program: string, port: number, environment: Record<string, string>): BackgroundProcess {
  const flags = ['--port', String(port), '--enable-faults', '--concurrency-limit', 'off', '--log-format', 'json'];
  return startProcess(program, join(root, 'build/release/bin', program), flags, join(directory, `${program}-${port}.log`), {
    WEATHER_SAMPLE: 'true',
    API_KEY: '',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    ...environment,
  });
}

interface Response {
  status: number;
  text: string;
  headers: Record<string, string | string[] | undefined>;
}

/** Sends a request to a sidecar with the certificate of `client`, or without one. Rejects if the connection is refused. */
function requestAs(
  client: string | undefined,
  port: number,
  path: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const read = (file: string): Buffer => readFileSync(join(certificates, client ?? '', file));
  const identity = client === undefined ? {} : { cert: read('tls.pem'), key: read('tls.key') };
  const ca = readFileSync(join(certificates, 'ca.pem'));
  return new Promise((resolve, reject) => {
    get(`https://localhost:${port}${path}`, { ca, agent: false, headers, ...identity, ...(signal && { signal }) }, (response) => {
      let text = '';
      response.on('data', (bytes: Buffer) => (text += bytes.toString()));
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, text, headers: response.headers }); });
    }).on('error', reject);
  });
}

/** Returns the number of requests to a route, as counted by the service. */
async function countRequests(port: number, endpoint: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /^\w+_http_requests_total\{/.test(line) && line.includes(`endpoint="${endpoint}"`))
    .reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
}

interface Aggregate {
  meta: Record<string, { state: string }>;
}

/** The services with their sidecars. */
class MeshedStack {
  readonly stack: Stack = stackOnDefaultPorts();
  private processes: BackgroundProcess[] = [];

  constructor(
    readonly mesh: Mesh,
    readonly ports: Ports,
  ) {
    const { services } = this.stack;
    services['time-service'] = `http://127.0.0.1:${ports.time.service}`;
    services['system-info-service'] = `http://127.0.0.1:${ports.sysinfo.service}`;
    services['weather-service'] = `http://127.0.0.1:${ports.weather.service}`;
    services['dashboard-service'] = `http://127.0.0.1:${ports.dashboard.service}`;
  }

  /** `policy`: policy of the dashboard's calls to the time service. */
  async start(outbound: OutboundPolicy, policy: string, timeReplicas = 1): Promise<void> {
    const { mesh, ports } = this;
    const traces: Record<string, string> =
      mesh.traces === undefined ? {} : { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${mesh.traces}/v1/traces` };
    const upstream = `http://127.0.0.1:${ports.outbound}`;
    const callers = ['dashboard-service'];
    const times = [ports.time, ports.secondTimeReplica].slice(0, timeReplicas);
    times.forEach((time, index) => {
      this.processes.push(
        startService('time-service', time.service, traces),
        startServiceSidecar(mesh, `time-service-${index}`, 'time-service', time, callers),
      );
    });
    this.processes.push(
      startService('system-info-service', ports.sysinfo.service, traces),
      startServiceSidecar(mesh, 'system-info-service', 'system-info-service', ports.sysinfo, callers),
      startService('weather-service', ports.weather.service, traces),
      startServiceSidecar(mesh, 'weather-service', 'weather-service', ports.weather, callers),
      startService('dashboard-service', ports.dashboard.service, {
        ...traces,
        TIME_SERVICE_URL: upstream,
        SYSINFO_SERVICE_URL: upstream,
        WEATHER_SERVICE_URL: upstream,
        TIME_SERVICE_POLICY: policy,
      }),
      startDashboardSidecar(
        mesh,
        ports.dashboard,
        ports.outbound,
        { time: times.map(({ inbound }) => inbound), sysinfo: ports.sysinfo.inbound, weather: ports.weather.inbound },
        outbound,
      ),
    );
    await eventually('all services are ready through their sidecars', 30, async () => (await this.aggregate()).status === 200);
    await eventually('all parts are fresh', 30, async () => Object.values((await this.parts()).meta).every(({ state }) => state === 'fresh'));
  }

  aggregate(headers: Record<string, string> = {}): Promise<Response> {
    return requestAs('loadgen', this.ports.dashboard.inbound, '/api/aggregate', headers);
  }

  async parts(headers: Record<string, string> = {}): Promise<Aggregate> {
    const meta = (JSON.parse((await this.aggregate(headers)).text) as { meta: Record<string, unknown> }).meta;
    const parts = Object.entries(meta).filter(([, value]) => typeof value === 'object' && value !== null && 'state' in value);
    return { meta: Object.fromEntries(parts) as Aggregate['meta'] };
  }

  /** Stops all programs; returns the exit statuses of the services that are not 0. */
  async stop(): Promise<string[]> {
    const statuses = await Promise.all(this.processes.map(async (child) => [child.name, await child.stop()] as const));
    this.processes = [];
    return statuses.filter(([, status]) => status !== 0).map(([name, status]) => `${name}: ${status}`);
  }
}

const cohortRetriesOnly: OutboundPolicy = { retries: 0, outlierDetection: false };

async function checkIdentities({ ports }: MeshedStack): Promise<void> {
  const outcome = async (client: string | undefined, port: number, path: string): Promise<string> => {
    try {
      return `status ${(await requestAs(client, port, path)).status}`;
    } catch {
      return 'connection refused by TLS';
    }
  };
  const cases: [string, string | undefined, string][] = [
    ['the dashboard calls the time service', 'dashboard-service', 'status 200'],
    ['the weather service calls the time service', 'weather-service', 'connection refused by TLS'],
    ['a client without a certificate', undefined, 'connection refused by TLS'],
  ];
  for (const [name, client, expected] of cases) {
    const observed = await outcome(client, ports.time.inbound, '/api/time');
    report(`identity: ${name}`, expected, observed, observed === expected);
  }
}

interface RequestInFlight {
  route: string;
  age_ms: number;
  remaining_ms: number;
}

/** Returns the request to the route that is in flight, if any. */
async function readRequestInFlight(service: string, route: string): Promise<RequestInFlight | undefined> {
  const response = await fetch(`${service}/debug/requests`);
  const { in_flight: requests } = (await response.json()) as { in_flight: RequestInFlight[] };
  return requests.find((candidate) => candidate.route.includes(route));
}

/** Returns the remaining time of the weather service's request at its start, in milliseconds. */
async function readBudget({ services }: Stack): Promise<number> {
  const found = await eventually('the weather service has the request', 5, () => readRequestInFlight(services['weather-service'], '/api/weather'));
  return Math.round(found.age_ms + found.remaining_ms);
}

async function checkDeadlines(meshedStack: MeshedStack): Promise<void> {
  const { stack, ports } = meshedStack;
  const proxy = { 'x-forwarded-for': '203.0.113.7' };
  const cases: [string, Record<string, string>, number][] = [
    ['x-envoy-expected-rq-timeout-ms 2000', { 'x-envoy-expected-rq-timeout-ms': '2000' }, 2000],
    ['grpc-timeout 2000m', { 'grpc-timeout': '2000m' }, 2000],
    // Envoy treats the request as external, and removes its own header fields: only the dashboard's timeout remains.
    ['x-envoy-expected-rq-timeout-ms 2000 and X-Forwarded-For', { 'x-envoy-expected-rq-timeout-ms': '2000', ...proxy }, 5000],
    ['grpc-timeout 2000m and X-Forwarded-For', { 'grpc-timeout': '2000m', ...proxy }, 2000],
  ];
  for (const [name, headers, limit] of cases) {
    await injectFaults(stack, 'weather-service', { latency_ms: 10_000 });
    const start = elapsed();
    const pending = meshedStack.parts(headers);
    const budget = await readBudget(stack);
    const { meta } = await pending;
    const duration = Math.round(elapsed() - start);
    await clearFaults(stack, 'weather-service');
    const state = meta['weather_service']?.state ?? '';
    const observed = `the weather service had ${budget} ms left; the aggregate took ${duration} ms, with the weather state ${state}`;
    const isExpected = budget > limit - 1000 && budget <= limit && duration < limit + 1000 && state === 'timeout';
    report(`deadline: ${name} is propagated to the weather service`, `the weather service has at most ${limit} ms left`, observed, isExpected);
  }
  await injectFaults(stack, 'weather-service', { latency_ms: 10_000 });
  const response = fetch(`http://127.0.0.1:${ports.outbound}/api/weather`, { headers: { 'x-envoy-upstream-rq-timeout-ms': '1000' } });
  const budget = await readBudget(stack);
  const { status } = await response;
  await clearFaults(stack, 'weather-service');
  report(
    'deadline: x-envoy-upstream-rq-timeout-ms 1000 at the outbound sidecar',
    'the weather service has at most 1000 ms left; status 504',
    `the weather service had ${budget} ms left; status ${status}`,
    budget > 500 && budget <= 1000 && status === 504,
  );
}

async function checkDisconnect(meshedStack: MeshedStack): Promise<void> {
  const { stack, ports } = meshedStack;
  const service = stack.services['time-service'];
  await injectFaults(stack, 'time-service', { latency_ms: 10_000 });
  const client = new AbortController();
  const pending = requestAs('loadgen', ports.dashboard.inbound, '/api/aggregate', {}, client.signal).catch(() => undefined);
  await eventually('the time service has the request', 5, () => readRequestInFlight(service, '/api/time'));
  client.abort();
  const start = elapsed();
  await pending;
  await eventually('the request has ended', 5, async () => (await readRequestInFlight(service, '/api/time')) === undefined);
  const duration = elapsed() - start;
  await clearFaults(stack, 'time-service');
  // The duration includes the polling interval; the call had 3 s left.
  const observed = duration < 2000 ? 'cancelled at the disconnect' : 'kept until its deadline';
  report('cancellation: the client of the dashboard disconnects', 'cancelled at the disconnect', observed, duration < 2000);
}

/** Requests one aggregate while the time service fails, and counts its requests. */
async function countAttempts(meshedStack: MeshedStack): Promise<{ requests: number; retries: number }> {
  const { stack, ports } = meshedStack;
  await injectFaults(stack, 'time-service', { error_percent: 100 });
  const before = await countRequests(ports.time.service, '/api/time');
  const retriesBefore = await readCounter(ports.dashboard.admin, 'cluster.time.upstream_rq_retry');
  await meshedStack.aggregate();
  const requests = (await countRequests(ports.time.service, '/api/time')) - before;
  const retries = (await readCounter(ports.dashboard.admin, 'cluster.time.upstream_rq_retry')) - retriesBefore;
  await clearFaults(stack, 'time-service');
  return { requests, retries };
}

async function checkRetries(meshedStack: MeshedStack): Promise<void> {
  const direct = await fetch(`http://127.0.0.1:${meshedStack.ports.outbound}/api/time`);
  const attempts = direct.headers.get('x-envoy-attempt-count') ?? '';
  report('retries: a successful call has one attempt (x-envoy-attempt-count)', '1', attempts, attempts === '1');
  const cohort = await countAttempts(meshedStack);
  report('retries: in Cohort only (attempts=3)', '3 requests, 0 retries by Envoy', `${cohort.requests} requests, ${cohort.retries} by Envoy`, cohort.requests === 3 && cohort.retries === 0);
}

async function checkMeshRetries(mesh: Mesh, ports: Ports): Promise<void> {
  const cases: [string, string, number, number][] = [
    ['retries: in Envoy only (num_retries 2, attempts=1)', 'attempts=1,hedge=off', 3, 2],
    ['retries: in Cohort and Envoy, whose attempts multiply', 'attempts=3,hedge=off,budget=100%', 9, 6],
  ];
  for (const [name, policy, requests, retries] of cases) {
    const meshedStack = new MeshedStack(mesh, ports);
    await meshedStack.start({ retries: 2, outlierDetection: false }, policy);
    const observed = await countAttempts(meshedStack);
    await meshedStack.stop();
    report(name, `${requests} requests, ${retries} by Envoy`, `${observed.requests} requests, ${observed.retries} by Envoy`, observed.requests === requests && observed.retries === retries);
  }
}

async function checkEjection(mesh: Mesh, ports: Ports): Promise<void> {
  const meshedStack = new MeshedStack(mesh, ports);
  await meshedStack.start({ retries: 0, outlierDetection: true }, 'attempts=3,hedge=off', 2);
  await injectFaults(meshedStack.stack, 'time-service', { error_percent: 100 });
  // Half of the calls reach the failing replica until Envoy ejects it; Cohort's retries hide these failures.
  let failed = 0;
  const ejected = async (): Promise<boolean> => (await readCounter(ports.dashboard.admin, 'cluster.time.outlier_detection.ejections_active')) === 1;
  for (let i = 0; i < 200 && !(await ejected()); ++i) if ((await meshedStack.parts()).meta['time_service']?.state !== 'fresh') ++failed;
  const isEjected = await ejected();
  const before = await countRequests(ports.time.service, '/api/time');
  for (let i = 0; i < 100; ++i) if ((await meshedStack.parts()).meta['time_service']?.state !== 'fresh') ++failed;
  const late = (await countRequests(ports.time.service, '/api/time')) - before;
  const breakers = (await request(meshedStack.stack, `${meshedStack.stack.services['dashboard-service']}/metrics`)).text;
  const open = /cohort_client_breaker_transitions_total\{[^}]*to="open"[^}]*upstream="time"[^}]*\} ([1-9]\d*)/.test(breakers);
  await clearFaults(meshedStack.stack, 'time-service');
  await meshedStack.stop();
  report(
    'ejection: Envoy ejects the failing one of two replicas',
    'ejected; then 0 calls to it; no aggregate without the time; breaker closed',
    `ejected: ${isEjected}; then ${late} calls to it; ${failed} aggregates without the time; breaker ${open ? 'opened' : 'closed'}`,
    isEjected && late === 0 && failed === 0 && !open,
  );
}

interface Span {
  spanID: string;
  processID: string;
  references: { spanID: string }[];
}

async function checkTrace(meshedStack: MeshedStack, url: string): Promise<void> {
  const id = '0af7651916cd43dd8448eb211c80319c';
  const caller = '00f067aa0ba902b7';
  await meshedStack.aggregate({ traceparent: `00-${id}-${caller}-01` });
  const services = ['dashboard-service', 'time-service', 'system-info-service', 'weather-service'].flatMap((name) => [name, `${name}-sidecar`]);
  let orphans: string[] = [];
  let spans: Span[] = [];
  let missing: string[] = [];
  await eventually('Jaeger has the trace of all services and sidecars', 20, async () => {
    const response = await fetch(`${url}/api/traces/${id}`);
    if (response.status !== 200) return false;
    const [trace] = ((await response.json()) as { data: { spans: Span[]; processes: Record<string, { serviceName: string }> }[] }).data;
    spans = trace?.spans ?? [];
    const observed = new Set(spans.map(({ processID }) => trace?.processes[processID]?.serviceName));
    missing = services.filter((name) => !observed.has(name));
    const known = new Set([caller, ...spans.map(({ spanID }) => spanID)]);
    orphans = spans.filter(({ references }) => !known.has(references[0]?.spanID ?? '')).map(({ spanID }) => spanID);
    if (missing.length > 0) throw new Error(`no spans of ${missing.join(', ')}`);
    if (orphans.length > 0) throw new Error(`${orphans.length} of ${spans.length} spans have no parent`);
    return true;
  });
  report(
    'trace: one aggregate, four services with sidecars',
    'one trace with all eight programs, without a missing parent',
    `${spans.length} spans of ${services.length - missing.length} programs, ${orphans.length} without their parent`,
    true,
  );
}

async function main(): Promise<void> {
  terminateChildrenOnExit();
  const envoy = findEnvoy();
  if (envoy === undefined) return;
  const certificatesResult = await runProcess('deploy/tls/make-certificates', [certificates]);
  expect(certificatesResult.status === 0, `certificates are created: ${certificatesResult.output}`);
  const jaegerProgram = findBackend(jaeger);
  const [otlp = 0, query = 0, grpc = 0] = await findFreePorts(3);
  const mesh: Mesh = { envoy, certificates, directory, traces: jaegerProgram === undefined ? undefined : otlp };
  if (jaegerProgram !== undefined) startJaeger(jaegerProgram, directory, otlp, query, grpc);
  const ports = await choosePorts();
  const meshedStack = new MeshedStack(mesh, ports);
  await meshedStack.start(cohortRetriesOnly, 'attempts=3,hedge=off,budget=100%');
  await checkIdentities(meshedStack);
  await checkDeadlines(meshedStack);
  await checkDisconnect(meshedStack);
  await checkRetries(meshedStack);
  if (jaegerProgram !== undefined) await checkTrace(meshedStack, `http://127.0.0.1:${query}`);
  const failures = await meshedStack.stop();
  expect(failures.length === 0, `the services and sidecars stop with status 0: ${failures.join(', ')}`);
  await checkMeshRetries(mesh, ports);
  await checkEjection(mesh, ports);
  console.log('\n| Case | Expected | Observed |\n|---|---|---|');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

await main();
process.exit(0);
