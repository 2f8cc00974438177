// SPDX-License-Identifier: BSL-1.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BackgroundProcess } from './processes.ts';
import { startProcess } from './processes.ts';

/** Starts Jaeger with in-memory storage. It receives OTLP/HTTP at `otlpPort`, and serves queries at `queryPort`. */
export function startJaeger(program: string, directory: string, otlpPort: number, queryPort: number, grpcPort: number): BackgroundProcess {
  const config = join(directory, 'jaeger.yml');
  writeFileSync(
    config,
    `service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines: { traces: { receivers: [otlp], exporters: [jaeger_storage_exporter] } }
  telemetry: { metrics: { level: none }, logs: { level: warn } }
extensions:
  jaeger_query:
    storage: { traces: memory }
    http: { endpoint: "127.0.0.1:${queryPort}" }
    grpc: { endpoint: "127.0.0.1:${grpcPort}" }
  jaeger_storage: { backends: { memory: { memory: { max_traces: 10000 } } } }
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${otlpPort}" } } } }
exporters: { jaeger_storage_exporter: { trace_storage: memory } }
`,
  );
  return startProcess('jaeger', program, ['--config', config], join(directory, 'jaeger.log'));
}
