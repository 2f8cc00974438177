// SPDX-License-Identifier: BSL-1.0
// Compares requests that send one query to PostgreSQL or one command to Redis with `GET /api/time`.
import { join } from 'node:path';

import { PostgresServer, RedisServer } from '../../e2e/databases/database_servers.ts';
import type { Comparison } from './comparison.ts';
import { cohortServer, cppServer, peerServer } from './comparisons.ts';
import { loadCore } from './measurement.ts';
import { peerVersion } from './peers.ts';

/** Starts PostgreSQL with a table of 1,000 users and Redis with one value, both on the processor of the load, until `stop` is called. */
export async function databaseComparison(directory: string): Promise<Comparison & { stop(): Promise<void> }> {
  const tasksetPrefix = ['taskset', '-c', String(loadCore)];
  const postgres = await PostgresServer.start(directory, ['fsync=off'], tasksetPrefix);
  postgres.query(
    'create table users (id int8 primary key, name text not null)',
    "insert into users select n, 'user ' || n from generate_series(1, 1000) n",
    'analyze users',
  );
  const redis = await RedisServer.start(directory, [], tasksetPrefix);
  redis.query('set', 'value', 'a value of 22 bytes :)');
  const environment = { ...postgres.environment, REDIS_PORT: String(redis.port) };
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
      postgres.stop();
      await redis.stop();
    },
  };
}
