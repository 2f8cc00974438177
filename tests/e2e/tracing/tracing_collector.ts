// SPDX-License-Identifier: BSL-1.0
/** An OpenTelemetry Collector and Zipkin, for `./dev e2e tracing`. Zipkin does not accept OTLP, so the Collector converts the spans. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { eventually, expect, reportSuccess } from '../support/assertions.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { startProcess } from '../support/processes.ts';

interface ZipkinSpan {
  id: string;
  parentId?: string;
  /** The name in lower case, as Zipkin stores it. */
  name: string;
  kind?: string;
  localEndpoint?: { serviceName?: string };
  tags?: Record<string, string>;
}

/** Receives OTLP on `port`, and exports traces to Zipkin and, unless its port is undefined, to Jaeger. */
export function startCollector(
  program: string,
  directory: string,
  port: number,
  zipkinPort: number,
  jaegerOtlpPort: number | undefined,
): BackgroundProcess {
  const config = join(directory, 'collector.yml');
  const jaegerExporter = jaegerOtlpPort === undefined ? '' : `  otlp_http: { endpoint: "http://127.0.0.1:${jaegerOtlpPort}" }\n`;
  writeFileSync(
    config,
    `receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters:
  zipkin: { endpoint: "http://127.0.0.1:${zipkinPort}/api/v2/spans" }
${jaegerExporter}service:
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines: { traces: { receivers: [otlp], exporters: [zipkin${jaegerOtlpPort === undefined ? '' : ', otlp_http'}] } }
`,
  );
  return startProcess('otel-collector', program, ['--config', config], join(directory, 'collector.log'));
}

export async function startZipkin(jar: string, directory: string, port: number): Promise<BackgroundProcess> {
  const zipkin = startProcess(
    'zipkin',
    'java',
    [
      '-Xmx256m',
      '-jar',
      jar,
      '--armeria.ports[0].address=127.0.0.1',
      `--armeria.ports[0].port=${port}`,
      '--armeria.ports[0].protocols[0]=http',
    ],
    join(directory, 'zipkin.log'),
  );
  // Zipkin takes 10 s to start on an idle machine.
  await eventually('Zipkin is healthy', 300, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    return response?.status === 200;
  });
  return zipkin;
}

async function readSpans(url: string, trace: string): Promise<ZipkinSpan[]> {
  const response = await fetch(`${url}/api/v2/trace/${trace}`);
  return response.status === 200 ? ((await response.json()) as ZipkinSpan[]) : [];
}

/** Checks the trace of an aggregate, whose weather report is looked up in a cache, as Zipkin returns it. */
export async function checkZipkin(url: string, trace: string): Promise<void> {
  let spans: ZipkinSpan[] = [];
  const find = (service: string, name: string): ZipkinSpan | undefined =>
    spans.find((span) => span.name === name && span.localEndpoint?.serviceName === service);
  await eventually('Zipkin has the trace of an aggregate', 30, async () => {
    spans = await readSpans(url, trace);
    return find('dashboard-service', 'get /api/aggregate') !== undefined && find('weather-service', 'cache reports') !== undefined;
  });
  const server = find('dashboard-service', 'get /api/aggregate');
  const call = find('dashboard-service', 'call weather');
  const attempt = find('dashboard-service', 'weather first attempt');
  const inner = find('weather-service', 'get /api/weather');
  const lookup = find('weather-service', 'cache reports');
  expect(server?.kind === 'SERVER', `the aggregate is a server span, not ${server?.kind}`);
  expect(server?.tags?.['http.response.status_code'] === '200', 'the aggregate has its status');
  expect(call?.parentId === server?.id, 'the call is a child of the aggregate');
  expect(attempt?.parentId === call?.id, 'the attempt is a child of the call');
  expect(inner?.parentId === attempt?.id, 'the span of the weather service is a child of the attempt');
  expect(lookup?.parentId === inner?.id, 'the span of the cache lookup is a child of the span of its request');
  expect(/^(hit|stale|miss)$/.test(lookup?.tags?.['cohort.call.outcome'] ?? ''), 'the cache lookup has its outcome');
  reportSuccess(`Zipkin has the trace of an aggregate through an OpenTelemetry Collector: ${spans.length} spans`);
}
