// SPDX-License-Identifier: BSL-1.0
// Runs the end-to-end checks that do not require Docker, with the services in one process, and with the Prometheus and
// Alertmanager of Debian.
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';

import { checkQueries, formatTable } from '../../monitoring/grafana/check-queries.ts';
import { eventually, expect, reportSuccess } from './support/assertions.ts';
import { formatEvent, runIncident } from './support/incident.ts';
import { LocalStack, readAddresses } from './support/local_stack.ts';
import {
  checkExemplars,
  checkLoadgenTarget,
  checkMetricsFormat,
  checkRules,
  checkTargets,
  checkWatchdog,
} from './support/monitoring_checks.ts';
import { root, runProcess, startProcess, terminateChildrenOnExit } from './support/processes.ts';
import type { Stack } from './support/stack.ts';
import { clearFaults, injectFaults, request, serviceNames, stackOnDefaultPorts } from './support/stack.ts';

/** Writes the metrics of a service with TLS, a key file and an OTLP export, and returns the file: some metrics exist only in this configuration. */
async function writeTlsMetrics(directory: string): Promise<string> {
  const certificates = join(directory, 'certificates');
  const certificatesResult = await runProcess(join(root, 'deploy/tls/make-certificates'), [certificates]);
  expect(certificatesResult.status === 0, `deploy/tls/make-certificates succeeds:\n${certificatesResult.output}`);
  const keyFile = join(directory, 'api_key');
  writeFileSync(keyFile, 'key\n');
  const files = join(certificates, 'time-service');
  const service = startProcess(
    'time-service',
    join(root, 'build/release/bin/time-service'),
    ['--port', '0', '--log-format', 'json'],
    join(directory, 'tls.log'),
    {
      API_KEY: '',
      API_KEY_FILE: keyFile,
      TLS_CERT: join(files, 'tls.pem'),
      TLS_KEY: join(files, 'tls.key'),
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    },
  );
  const url = await eventually('the service with TLS listens', 30, () =>
    Promise.resolve(/"url":"(https:[^"]+)"/.exec(service.output)?.[1]),
  );
  const ca = readFileSync(join(certificates, 'ca.pem'));
  const text = await new Promise<string>((resolve, reject) => {
    get(new URL('/metrics', url), { ca }, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString()));
      response.on('end', () => { resolve(body); });
    }).on('error', reject);
  });
  await service.stop();
  const file = join(directory, 'tls.metrics');
  writeFileSync(file, text);
  return file;
}

/** Writes the metrics of a service with a message broker, which it does not need to reach. */
async function writeMessagingMetrics(directory: string): Promise<string[]> {
  const services = startProcess(
    'cohort-stack',
    join(root, 'build/release/bin/cohort-stack'),
    ['--port', '0', '--log-format', 'json'],
    join(directory, 'messaging.log'),
    { API_KEY: '', WEATHER_SAMPLE: 'true', MESSAGING_URL: 'amqp://127.0.0.1:1' },
  );
  const stack = stackOnDefaultPorts();
  await eventually('the services with a broker listen', 30, () => Promise.resolve(readAddresses(services.output, stack)));
  const files: string[] = [];
  for (const name of ['weather-service', 'dashboard-service'] as const) {
    const file = join(directory, `${name}.messaging.metrics`);
    writeFileSync(file, (await request(stack, `${stack.services[name]}/metrics`)).text);
    files.push(file);
  }
  await services.stop();
  return files;
}

/** Runs the static checks, and checks that every metric that a rule reads is exported. */
async function checkConfiguration(stack: Stack, directory: string): Promise<void> {
  const files = [await writeTlsMetrics(directory), ...(await writeMessagingMetrics(directory))];
  for (const name of serviceNames) {
    const file = join(directory, `${name}.metrics`);
    writeFileSync(file, (await request(stack, `${stack.services[name]}/metrics`)).text);
    files.push(file);
  }
  const { status, output } = await runProcess(join(root, 'monitoring/check'), files);
  console.log(output.trimEnd());
  expect(status === 0, 'monitoring/check succeeds');
}

/** Checks that every query of the Grafana dashboards has data while faults of all kinds are injected. */
async function checkPanels(stack: Stack, directory: string): Promise<void> {
  const faults = { error_percent: 10, latency_ms: 20, memory_mb: 16, cpu_percent: 5, seconds: 300 };
  for (const name of serviceNames) await injectFaults(stack, name, faults);
  const checks = await eventually('every panel has data', 120, async () => {
    const current = await checkQueries({ prometheus: stack.prometheus });
    writeFileSync(join(directory, 'queries.txt'), formatTable(current));
    const failed = current.filter(({ verdict }) => verdict !== 'ok');
    if (failed.length > 0) {
      throw new Error(
        failed
          .map(({ dashboard, name, refId, message, verdict }) => `${dashboard}: ${name} ${refId} ${message ?? verdict}`)
          .join('; '),
      );
    }
    return current;
  });
  for (const name of serviceNames) await clearFaults(stack, name);
  reportSuccess(`Grafana queries with data in Prometheus: ${checks.length}`);
}

terminateChildrenOnExit();
const localStack = await LocalStack.start('free', '1s');
const load = localStack.startLoad(20);
let failed = true;
try {
  const { stack, directory } = localStack;
  const services = Object.fromEntries(serviceNames.map((name) => [name, 1]));
  await checkTargets(stack, { ...services, prometheus: 1, alertmanager: 1 });
  await checkLoadgenTarget(stack);
  await checkRules(stack);
  await checkMetricsFormat(stack);
  await checkConfiguration(stack, directory);
  await checkWatchdog(stack);
  await checkExemplars(stack);
  await checkPanels(stack, directory);
  await runIncident(stack, (event) => console.log(formatEvent(event)));
  reportSuccess('the alert of an incident is shown on the dashboard and resolved there');
  failed = false;
} finally {
  await load.stop();
  const status = await localStack.stop();
  console.log(`logs in ${localStack.directory}`);
  if (!failed) expect(status === 0, `the services exit with status 0, not ${status}`);
}
