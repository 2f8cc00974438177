// SPDX-License-Identifier: BSL-1.0
// Requests with one query to PostgreSQL or one command to Redis, beside `GET /api/time`.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { eventually } from '../e2e/assertions.ts';
import { findFreePorts, startProcess } from '../e2e/processes.ts';
import type { Comparison } from './comparison.ts';
import { cohortServer, cppServer, peerServer } from './comparisons.ts';
import { loadCore } from './measurement.ts';
import { peerVersion } from './peers.ts';

function findPostgres(): string {
  const parent = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(parent).map(Number).sort((a, b) => b - a);
    return join(parent, String(versions[0]), 'bin');
  } catch {
    throw new Error('PostgreSQL is not installed; on Debian: apt-get install postgresql');
  }
}

/** PostgreSQL refuses to run as root. */
const asPostgres = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : [];

/** Starts PostgreSQL with a table of 1,000 users and Redis with one value, both on the processor of the load, until `stop` is called. */
export async function databaseComparison(directory: string): Promise<Comparison & { stop(): Promise<void> }> {
  const bin = findPostgres();
  const data = join(directory, 'data');
  mkdirSync(data);
  if (asPostgres.length > 0) {
    chmodSync(directory, 0o755);
    chownSync(data, Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' })), -1);
  }
  const [postgresPort = 0, redisPort = 0] = await findFreePorts(2);
  const run = (...words: string[]): void => {
    const [program = '', ...args] = [...asPostgres, ...words];
    execFileSync(program, args, { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  run(join(bin, 'initdb'), '-D', data, '-U', 'app', '--auth=trust', '--no-sync');
  const settings = `-p ${postgresPort} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  run('taskset', '-c', String(loadCore), join(bin, 'pg_ctl'), '-D', data, '-w', '-l', join(data, 'log'), '-o', settings, 'start');
  const redis = startProcess(
    'redis-server',
    'taskset',
    ['-c', String(loadCore), 'redis-server', '--bind', '127.0.0.1', '--port', String(redisPort), '--dir', directory, '--save', ''],
    join(directory, 'redis.log'),
  );
  const environment = {
    PGHOST: '127.0.0.1', PGPORT: String(postgresPort), PGUSER: 'app', PGDATABASE: 'postgres', REDIS_PORT: String(redisPort),
  };
  const sql = [
    'create table users (id int8 primary key, name text not null)',
    "insert into users select n, 'user ' || n from generate_series(1, 1000) n",
    'analyze users',
  ];
  const psqlEnvironment = { ...process.env, ...environment };
  execFileSync('psql', ['-q', ...sql.flatMap((command) => ['-c', command])], { env: psqlEnvironment, stdio: ['ignore', 'ignore', 'inherit'] });
  const redisCommand = ['-p', String(redisPort), 'set', 'value', 'a value of 22 bytes :)'];
  await eventually('Redis responds', 10, () => Promise.resolve(execFileSync('redis-cli', redisCommand, { stdio: 'pipe' }).length > 0));
  const user = '/api/users/7';
  const database = (name: string, path: string) => ({
    ...cohortServer(directory, 'database-service', path, ['--concurrency-limit', 'off']),
    name: `**Cohort**, ${name}`,
  });
  const pgx = `pgx ${peerVersion('go', 'github.com/jackc/pgx/v5')} (Go), one query to PostgreSQL`;
  return {
    title: 'Requests with one query',
    connections: 64,
    environment,
    check: (body) => {
      if (body === '') throw new Error('an empty body');
    },
    servers: [
      { ...cohortServer(directory, 'time-service', '/api/time', ['--concurrency-limit', 'off']), name: '`GET /api/time` (baseline)' },
      database('one GET to Redis', '/api/value'),
      database('16 pipelined GETs to Redis', '/api/values'),
      database('one query to PostgreSQL', user),
      cppServer(directory, 'raw epoll loop and libpq, one query to PostgreSQL', user, 'raw_postgres'),
      peerServer('go', pgx, user, (peers, port) => ({ program: join(peers, 'pgx'), args: [port] })),
    ],
    async stop() {
      run(join(bin, 'pg_ctl'), '-D', data, '-m', 'immediate', 'stop');
      await redis.stop();
    },
  };
}
