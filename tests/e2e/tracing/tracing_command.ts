// SPDX-License-Identifier: BSL-1.0
// Exports spans and log lines of the four services to Jaeger and VictoriaLogs, and through an OpenTelemetry Collector
// to Jaeger and Zipkin. Reads them back for an aggregate with a hedged call and a call that misses its deadline.
// `./dev e2e tracing`
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, expect, reportSuccess } from '../support/assertions.ts';
import { collector, findBackend, findZipkin, jaeger, victoriaLogs } from '../support/backends.ts';
import { startJaeger } from '../support/jaeger.ts';
import { readAddresses } from '../support/local_stack.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { findFreePorts, root, startProcess, terminateChildrenOnExit } from '../support/processes.ts';
import type { Stack } from '../support/stack.ts';
import { clearFaults, injectFaults, stackOnDefaultPorts, waitUntilReady } from '../support/stack.ts';
import { checkZipkin, startCollector, startZipkin } from './tracing_collector.ts';

interface JaegerSpan {
  spanID: string;
  operationName: string;
  processID: string;
  references: { spanID: string }[];
  duration: number;
  tags: { key: string; value: unknown }[];
}

interface JaegerTrace {
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string }>;
}

const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-tracing-'));

function startVictoriaLogs(program: string, port: number): BackgroundProcess {
  const args = [`-httpListenAddr=127.0.0.1:${port}`, `-storageDataPath=${join(directory, 'logs')}`, '-inmemoryDataFlushInterval=1s'];
  return startProcess('victoria-logs', program, args, join(directory, 'victoria-logs.log'));
}

async function startServices(environment: Record<string, string>): Promise<[Stack, BackgroundProcess]> {
  const services = startProcess(
    'cohort-stack',
    join(root, 'build/release/bin/cohort-stack'),
    ['--enable-faults', '--log-format', 'json', '--port', '0', '--concurrency-limit', 'off'],
    join(directory, 'stack.log'),
    { WEATHER_SAMPLE: 'true', API_KEY: '', ...environment },
  );
  const stack = stackOnDefaultPorts();
  await eventually('all services listen', 30, () => Promise.resolve(readAddresses(services.output, stack)));
  await waitUntilReady(stack, 30);
  return [stack, services];
}

const tagOf = (span: JaegerSpan | undefined, key: string): unknown => span?.tags.find((tag) => tag.key === key)?.value;

/** Requests an aggregate with the given trace. */
async function requestAggregate(stack: Stack, trace: string, isSampled: boolean): Promise<void> {
  const response = await fetch(`${stack.services['dashboard-service']}/api/aggregate`, {
    headers: { traceparent: `00-${trace}-00f067aa0ba902b7-${isSampled ? '01' : '00'}` },
  });
  expect(response.status === 200, `the aggregate has status 200, not ${response.status}`);
  await response.text();
}

async function readTrace(url: string, id: string): Promise<JaegerTrace | undefined> {
  const response = await fetch(`${url}/api/traces/${id}`);
  if (response.status !== 200) return undefined;
  const { data } = (await response.json()) as { data: JaegerTrace[] };
  return data[0];
}

function checkAggregateTrace(trace: JaegerTrace): void {
  const find = (service: string, name: string): JaegerSpan | undefined =>
    trace.spans.find((span) => span.operationName === name && trace.processes[span.processID]?.serviceName === service);
  const server = find('dashboard-service', 'GET /api/aggregate');
  expect(tagOf(server, 'http.response.status_code') === 200, 'the span of the aggregate has its status');
  expect(server?.references[0]?.spanID === '00f067aa0ba902b7', 'the span of the aggregate is a child of the span of the caller');
  for (const [upstream, service, route] of [
    ['time', 'time-service', 'GET /api/time'],
    ['weather', 'weather-service', 'GET /api/weather'],
  ] as const) {
    const call = find('dashboard-service', `call ${upstream}`);
    const attempt = find('dashboard-service', `${upstream} first attempt`);
    const inner = trace.spans.filter((span) => span.operationName === route && trace.processes[span.processID]?.serviceName === service);
    expect(call?.references[0]?.spanID === server?.spanID, `the call of ${upstream} is a child of the aggregate`);
    expect(attempt?.references[0]?.spanID === call?.spanID, `the attempt at ${upstream} is a child of the call`);
    expect(
      inner.some((span) => span.references[0]?.spanID === attempt?.spanID),
      `the span of ${service} is a child of the attempt`,
    );
  }
  const hedge = find('dashboard-service', 'time hedge attempt');
  const first = find('dashboard-service', 'time first attempt');
  expect(hedge !== undefined, 'the slow call has a hedge');
  const causes = [hedge, first].map((span) => tagOf(span, 'cohort.cancelled_by'));
  expect(causes.filter((cause) => cause === 'hedge').length === 1, `exactly one attempt is cancelled by the hedge: ${causes.join(', ')}`);
  reportSuccess(`Jaeger has the trace of an aggregate: ${trace.spans.length} spans, with a hedge and a cancelled attempt`);
}

function checkMissedDeadlineTrace(trace: JaegerTrace): void {
  const late = trace.spans.find((span) => span.operationName === 'weather first attempt');
  // The slow service receives the deadline, and responds with 504 when it passes.
  const hasMissedDeadline = tagOf(late, 'cohort.cancelled_by') === 'deadline' || tagOf(late, 'http.response.status_code') === 504;
  expect(hasMissedDeadline, `the attempt at the slow service ended at its deadline: ${JSON.stringify(late?.tags)}`);
  const call = trace.spans.find((span) => span.operationName === 'call weather');
  expect(tagOf(call, 'cohort.call.outcome') === 'timeout', 'the call of the slow service timed out');
  reportSuccess('Jaeger has the trace of an aggregate that missed a deadline, although it was not sampled');
}

async function checkTraces(stack: Stack, url: string): Promise<void> {
  const hedgedTraceId = '0af7651916cd43dd8448eb211c80319c';
  const late = '0af7651916cd43dd8448eb211c80319d';
  const unsampledTraceId = '0af7651916cd43dd8448eb211c80319e';
  // Hedging requires latency samples of the upstream.
  for (let i = 0; i < 40; ++i) await requestAggregate(stack, `0af7651916cd43dd8448eb211c81${1000 + i}`, false);
  await requestAggregate(stack, unsampledTraceId, false);
  await injectFaults(stack, 'time-service', { latency_ms: 300 });
  await requestAggregate(stack, hedgedTraceId, true);
  await clearFaults(stack, 'time-service');
  await injectFaults(stack, 'weather-service', { latency_ms: 20_000 });
  await requestAggregate(stack, late, false);
  await clearFaults(stack, 'weather-service');
  let trace: JaegerTrace | undefined;
  await eventually('Jaeger has the hedged trace', 15, async () => {
    trace = await readTrace(url, hedgedTraceId);
    // The trace contains the span of the dashboard's server, three calls, four attempts, and four server spans of the
    // other services. One of these is cancelled.
    return (trace?.spans.length ?? 0) >= 11;
  });
  checkAggregateTrace(trace as JaegerTrace);
  await eventually('Jaeger has the trace of the request that missed its deadline', 15, async () => (trace = await readTrace(url, late)) !== undefined);
  checkMissedDeadlineTrace(trace as JaegerTrace);
  expect((await readTrace(url, unsampledTraceId)) === undefined, 'a request that meets its deadline and is not sampled has no trace');
}

async function checkLogs(stack: Stack, url: string): Promise<void> {
  const id = '0af7651916cd43dd8448eb211c80319f';
  await requestAggregate(stack, id, true);
  let lines: Record<string, string>[] = [];
  await eventually('VictoriaLogs has the log lines of a trace', 20, async () => {
    const response = await fetch(`${url}/select/logsql/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: `trace_id:"${id}"` }),
    });
    const text = await response.text();
    lines = text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, string>);
    return lines.length >= 4;
  });
  const services = new Set(lines.map((line) => line['service.name'] ?? ''));
  for (const name of ['dashboard-service', 'time-service', 'system-info-service', 'weather-service']) {
    expect(services.has(name), `VictoriaLogs has the line of ${name}; it has ${[...services].join(', ')}`);
  }
  expect(lines.every((line) => line['_msg'] === 'request'), 'all lines are log lines of requests');
  reportSuccess(`VictoriaLogs has ${lines.length} log lines with the ID of one trace`);
}

/** Exports to a Collector, and reads the trace of an aggregate from Zipkin and, if it runs, from Jaeger. */
async function checkCollector(jaegerOtlp: number | undefined, jaegerQuery: number): Promise<void> {
  const jar = findZipkin();
  const program = jar === undefined ? undefined : findBackend(collector);
  if (jar === undefined || program === undefined) return;
  const [otlp = 0, zipkinPort = 0] = await findFreePorts(2);
  const zipkin = await startZipkin(jar, directory, zipkinPort);
  const collectorProcess = startCollector(program, directory, otlp, zipkinPort, jaegerOtlp);
  console.log('export through an OpenTelemetry Collector');
  const [stack, services] = await startServices({
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${otlp}/v1/traces`,
  });
  const id = '2af7651916cd43dd8448eb211c80319c';
  await requestAggregate(stack, id, true);
  await checkZipkin(`http://127.0.0.1:${zipkinPort}`, id);
  if (jaegerOtlp !== undefined) {
    const url = `http://127.0.0.1:${jaegerQuery}`;
    await eventually('Jaeger has a trace of the Collector', 15, async () => ((await readTrace(url, id))?.spans.length ?? 0) >= 10);
    reportSuccess('Jaeger has the trace through the Collector');
  }
  const status = await services.stop();
  expect(status === 0, `the services exit with status 0, not ${status}`);
  await collectorProcess.stop();
  await zipkin.stop();
}

async function main(): Promise<void> {
  terminateChildrenOnExit();
  const tracesProgram = findBackend(jaeger);
  const logsProgram = findBackend(victoriaLogs);
  const [otlp = 0, query = 0, grpc = 0, logs = 0] = await findFreePorts(4);
  const environment: Record<string, string> = { OTEL_BSP_SCHEDULE_DELAY: '200', OTEL_BLRP_SCHEDULE_DELAY: '200' };
  if (tracesProgram !== undefined) {
    startJaeger(tracesProgram, directory, otlp, query, grpc);
    environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] = `http://127.0.0.1:${otlp}/v1/traces`;
  }
  if (logsProgram !== undefined) {
    startVictoriaLogs(logsProgram, logs);
    environment['OTEL_LOGS_EXPORTER'] = 'otlp';
    environment['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'] = `http://127.0.0.1:${logs}/insert/opentelemetry/v1/logs`;
  }
  const encodings = tracesProgram === undefined && logsProgram === undefined ? [] : ['http/protobuf', 'http/json'];
  for (const encoding of encodings) {
    // VictoriaLogs accepts protobuf only.
    const [stack, services] = await startServices({
      ...environment,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: encoding,
      OTEL_EXPORTER_OTLP_COMPRESSION: encoding === 'http/json' ? 'gzip' : 'none',
    });
    console.log(`export by ${encoding}`);
    if (tracesProgram !== undefined && encoding === 'http/protobuf') await checkTraces(stack, `http://127.0.0.1:${query}`);
    if (tracesProgram !== undefined && encoding === 'http/json') {
      const id = '1af7651916cd43dd8448eb211c80319c';
      await requestAggregate(stack, id, true);
      await eventually('Jaeger has the trace that was exported as JSON', 15, async () => ((await readTrace(`http://127.0.0.1:${query}`, id))?.spans.length ?? 0) >= 10);
      reportSuccess('Jaeger has the trace that was sent as compressed JSON');
    }
    if (logsProgram !== undefined) await checkLogs(stack, `http://127.0.0.1:${logs}`);
    const status = await services.stop();
    expect(status === 0, `the services exit with status 0, not ${status}`);
  }
  await checkCollector(tracesProgram === undefined ? undefined : otlp, query);
}

await main();
process.exit(0);
