// SPDX-License-Identifier: BSL-1.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findProgram } from '../../e2e/support/backends.ts';
import type { Command } from './server.ts';

/** The body of a response to `GET /api/time`, as long as that of time-service. */
export const constantTimeBody =
  '{"service":"time-service","timestamp":"2026-11-22 13:05:09","iso8601":"2026-11-22T13:05:09+00:00",' +
  '"unix_ms":1795352709000,"timezone":"UTC"}';

/** Returns the path of nginx. Throws if it is not installed. */
export function findNginx(): string {
  const program = findProgram(['nginx']);
  if (program === undefined) throw new Error('nginx is not installed; on Debian: apt-get install nginx');
  return program;
}

/**
 * Writes a configuration of one worker without an access log, and returns the command that runs it in the foreground.
 * `http` and `server` are added to the blocks of these names.
 */
export function nginxCommand(directory: string, listen: string, parts: { http?: string; server: string }): Command {
  mkdirSync(directory, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`);
  const file = join(directory, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  ${temporary.join('\n  ')}
  ${parts.http ?? ''}
  server {
    listen ${listen};
    ${parts.server}
  }
}
`,
  );
  return { program: findNginx(), args: ['-p', directory, '-e', 'stderr', '-c', file] };
}

/** The configuration of a constant response to `GET /api/time`. */
export const constantTimeLocation = `location = /api/time { default_type application/json; return 200 '${constantTimeBody}'; }`;
