// SPDX-License-Identifier: BSL-1.0
// Executes tests/openapi/run with PostgreSQL and Redis servers for the examples: openapi_command.ts [lint | schemathesis]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PostgresServer, RedisServer } from './databases/database_servers.ts';
import { root, terminateChildrenOnExit } from './support/processes.ts';

terminateChildrenOnExit();
const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-openapi-'));
const postgres = await PostgresServer.start(directory, ['fsync=off']);
try {
  const redis = await RedisServer.start(directory);
  const env = { ...process.env, ...postgres.environment, REDIS_PORT: String(redis.port) };
  const run = spawnSync(join(root, 'tests/openapi/run'), process.argv.slice(2), { env, stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
  await redis.stop();
} finally {
  postgres.stop();
}
rmSync(directory, { recursive: true });
