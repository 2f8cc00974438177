// SPDX-License-Identifier: BSL-1.0
// Restarts PostgreSQL and Redis under load. Only requests in flight may fail, and no acknowledged write may be lost.
// The services are examples/outbox and examples/redis-counter.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { elapsed, eventually, expect, pause, reportSuccess } from '../support/assertions.ts';
import { PostgresServer, RedisServer } from './database_servers.ts';
import { countFailures } from '../support/load_report.ts';
import type { LoadReport } from '../support/load_report.ts';
import { root, startProcess, terminateChildrenOnExit } from '../support/processes.ts';
import type { BackgroundProcess } from '../support/processes.ts';

const programs = join(root, 'build/release/bin');
const loadSeconds = 14;
/** Times of the restarts, in the middle of an interval, because the load starts slightly later than its process. */
const restartSeconds = [4.5, 9.5];
/** Requests that fail at the end of a restart are in the interval of one second that contains it, or in the next one. */
const intervalSeconds = 1;
const threads = 2;
/** `postgres::pool_settings::max_connections` of a loop. */
const maxConnections = 10;

interface Service {
  program: string;
  path: string;
  requestsPerSecond: number;
  environment: Record<string, string>;
}

interface Outage {
  begin: number;
  end: number;
}

interface RunResult {
  report: LoadReport;
  /** Seconds of the load in which requests failed. */
  failedSeconds: number[];
  outages: Outage[];
  log: string;
}

/** Runs the service under load, and the restarts in turn. The concurrency limit is off, since it would reject waiting requests. */
async function runWithRestarts(directory: string, service: Service, restarts: (() => void | Promise<void>)[]): Promise<RunResult> {
  const flags = ['--port', '0', '--host', '127.0.0.1', '--threads', String(threads), '--concurrency-limit', 'off'];
  const file = (suffix: string): string => join(directory, `${service.program}${suffix}`);
  const server = startProcess(service.program, join(programs, service.program), flags, file('.log'), { ...service.environment, API_KEY: '' });
  const url = await eventually(`${service.program} listens`, 20, () => Promise.resolve(/listening url=(http:\S+)/.exec(server.output)?.[1]));
  await eventually(`${service.program} is ready`, 20, async () => (await fetch(`${url}/readyz`)).ok);
  const load = startProcess('loadgen', join(programs, 'loadgen'), [
    '-q', '-m', 'constant', '-d', String(loadSeconds), '-r', String(service.requestsPerSecond), '--method', 'POST', '--no-preflight',
    '--json', file('.json'), '--csv', file('.csv'), '--target', `${service.program}=${url}${service.path}`,
  ], file('.load.log'), { API_KEY: '' });
  const started = elapsed();
  const outages: Outage[] = [];
  for (const [index, restart] of restarts.entries()) {
    await pause(Math.max(0, started + (restartSeconds[index] ?? 0) * 1000 - elapsed()));
    const begin = elapsed();
    await restart();
    outages.push({ begin: (begin - started) / 1000, end: (elapsed() - started) / 1000 });
  }
  await load.exitStatus;
  await stopSuccessfully(server);
  const report = JSON.parse(readFileSync(file('.json'), 'utf8')) as LoadReport;
  const rows = readFileSync(file('.csv'), 'utf8').trim().split('\n').map((line) => line.split(','));
  const column = (name: string): number => rows[0]?.indexOf(name) ?? -1;
  const failedSeconds = rows.slice(1).filter((row) => row[column('target')] === '*' && Number(row[column('failed')]) > 0)
    .map((row) => Number(row[column('start_s')]));
  return { report, failedSeconds, outages, log: server.output };
}

function check(condition: boolean, description: string): void {
  expect(condition, description);
  reportSuccess(description);
}

async function stopSuccessfully(server: BackgroundProcess): Promise<void> {
  const status = await server.stop();
  expect(status === 0, `${server.name} exits with status 0`);
}

function checkFailures(name: string, { report, failedSeconds, outages }: RunResult, maxFailures: number): void {
  const failed = countFailures(report.totals);
  const times = outages.map(({ begin, end }) => `${begin.toFixed(1)} to ${end.toFixed(1)} s`).join(', ');
  check(failed <= maxFailures, `${name}: ${failed} of ${report.totals.planned} requests failed, at most ${maxFailures} were in flight (outages: ${times})`);
  const late = failedSeconds.filter(
    (second) => !outages.some(({ begin, end }) => second > begin - intervalSeconds && second < end + intervalSeconds),
  );
  expect(late.length === 0, `${name}: no request fails outside of the outages, but some fail at ${late.join(', ')} s`);
  reportSuccess(`${name}: no request failed outside of the outages`);
}

terminateChildrenOnExit();
const directory = mkdtempSync(join(tmpdir(), 'cohort-databases-'));
const redis = await RedisServer.start(directory, ['--appendonly', 'yes', '--appendfsync', 'always']);
const postgres = await PostgresServer.start(directory);
process.once('exit', () => {
  try {
    postgres.stop();
  } catch {
    // The server is not running, for example after a failed restart. Report the error of the test instead.
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

const orders = await runWithRestarts(
  directory,
  {
    program: 'outbox-service', path: '/api/orders?item=chair', requestsPerSecond: 200,
    environment: { ...postgres.environment, REDIS_PORT: String(redis.port) },
  },
  [() => postgres.restart('fast'), () => postgres.restart('immediate')],
);
checkFailures('PostgreSQL, restarted and killed', orders, restartSeconds.length * threads * maxConnections);
const stored = Number(postgres.query('select count(*) from orders'));
const placedOrders = orders.report.totals.outcomes['2xx'] ?? 0;
check(stored >= placedOrders, `PostgreSQL has each of the ${placedOrders} acknowledged orders (${stored} are stored)`);

const visits = await runWithRestarts(
  directory,
  { program: 'visit-service', path: '/api/visits/home', requestsPerSecond: 500, environment: { REDIS_PORT: String(redis.port) } },
  [() => redis.restart('SIGTERM'), () => redis.restart('SIGKILL')],
);
// The client logs the number of commands that a lost connection had sent without a reply.
const lost = [...visits.log.matchAll(/redis connection lost .*commands=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
checkFailures('Redis, restarted and killed', visits, lost);
const counted = Number(redis.query('get', 'visits:home'));
const acknowledgedVisits = visits.report.totals.outcomes['2xx'] ?? 0;
check(counted >= acknowledgedVisits, `Redis has each of the ${acknowledgedVisits} acknowledged visits (${counted} are counted)`);
await redis.stop();
