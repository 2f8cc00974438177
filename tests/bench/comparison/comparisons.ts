// SPDX-License-Identifier: BSL-1.0
// Defines the servers of each comparison.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../../e2e/support/processes.ts';
import type { Comparison } from './comparison.ts';
import { loadCore } from './measurement.ts';
import { constantTimeLocation, nginxCommand } from './nginx.ts';
import type { Language } from './peers.ts';
import { buildPeers, peerVersion, programVersion, sourceDirectory } from './peers.ts';
import type { Command, Server } from './server.ts';
import { RunningServer } from './server.ts';

/** Copies a program of the bench build, so that a concurrent build does not replace it, and returns the path of the copy. */
export function copyProgram(directory: string, name: string): string {
  const copy = join(directory, 'bin', name);
  mkdirSync(join(directory, 'bin'), { recursive: true });
  copyFileSync(join(root, 'build/bench/bin', name), copy);
  return copy;
}

const commonFlags = ['--host', '127.0.0.1', '--threads', '1', '--log-level', 'warn'];

/** A service of this project without an access log. */
export function cohortServer(directory: string, program: string, path: string, flags: string[] = []): Server {
  const copy = copyProgram(directory, program);
  return {
    name: `**${program}**`,
    path,
    usesMalloc: true,
    command: (port) => ({ program: copy, args: ['--port', String(port), ...commonFlags, ...flags] }),
  };
}

/** A server in C++ from the bench build: `PROGRAM PORT …`. */
export function cppServer(directory: string, name: string, path: string, program: string, flags: string[] = []): Server {
  const copy = copyProgram(directory, program);
  return { name, path, usesMalloc: true, command: (port) => ({ program: copy, args: [String(port), ...flags] }) };
}

/** A server of `buildPeers`: `command` receives the directory of the built servers. */
export function peerServer(
  language: Language,
  name: string,
  path: string,
  command: (directory: string, port: string) => Command,
  properties: Partial<Server> = {},
): Server {
  return { name, path, command: (port) => command(buildPeers(language), String(port)), ...properties };
}

/** Servers in Rust allocate by `malloc`. */
function rustServer(crate: string, path: string, program: string): Server {
  const name = `${crate} ${peerVersion('rust', crate)} (Rust)`;
  return peerServer('rust', name, path, (bin, port) => ({ program: join(bin, program), args: [port] }), { usesMalloc: true });
}

function goServer(name: string, path: string, program: string): Server {
  return peerServer('go', name, path, (bin, port) => ({ program: join(bin, program), args: [port] }));
}

function nodeServer(name: string, path: string, script: string): Server {
  const command = (directory: string, port: string): Command => ({ program: 'node', args: [join(directory, script), port] });
  return peerServer('node', name, path, command, { warmUpSeconds: 3 });
}

const goVersion = (): string => programVersion('go', 'version');

const timeFields = ['service', 'timestamp', 'iso8601', 'unix_ms', 'timezone'];

function checkTime(body: string): void {
  const value = JSON.parse(body) as Record<string, unknown>;
  const missing = timeFields.filter((field) => !(field in value));
  if (missing.length > 0) throw new Error(`the body lacks ${missing.join(', ')}: ${body}`);
}

export function timeComparison(directory: string): Comparison {
  const path = '/api/time';
  const starlette = `Starlette ${peerVersion('python', 'starlette')} on uvicorn (Python)`;
  const timeService = cohortServer(directory, 'time-service', path);
  return {
    title: 'GET /api/time',
    connections: 64,
    check: checkTime,
    servers: [
      cppServer(directory, 'raw epoll loop, constant response (baseline)', path, 'raw_epoll'),
      timeService,
      {
        ...timeService,
        name: '**time-service**, one JSON log line per request',
        discardsOutput: true,
        command: (port) => ({
          program: timeService.command(port).program,
          args: ['--host', '127.0.0.1', '--port', String(port), '--threads', '1', '--log-level', 'info', '--log-format', 'json'],
        }),
      },
      {
        name: `nginx ${programVersion('/usr/sbin/nginx', '-v')}, \`return 200\``,
        path,
        usesMalloc: true,
        command: (port) => nginxCommand(join(directory, 'nginx'), `127.0.0.1:${port}`, { server: constantTimeLocation }),
      },
      cppServer(directory, 'textbook Boost.Beast, same response', path, 'textbook_beast'),
      rustServer('hyper', path, 'hyper_time'),
      rustServer('may_minihttp', path, 'may_time'),
      rustServer('axum', path, 'axum_time'),
      rustServer('actix-web', path, 'actix_time'),
      goServer(`net/http (Go ${goVersion()})`, path, 'time'),
      goServer(`fasthttp ${peerVersion('go', 'github.com/valyala/fasthttp')} (Go)`, path, 'fasttime'),
      nodeServer(`Fastify ${peerVersion('node', 'fastify')} (Node.js ${programVersion('node', '--version')})`, path, 'time.js'),
      peerServer('python', starlette, path, (bin, port) => ({
        program: join(bin, 'uvicorn'),
        args: [
          'starlette_time:app', '--host', '127.0.0.1', '--port', port, '--loop', 'uvloop', '--http', 'httptools',
          '--no-access-log', '--log-level', 'warning',
        ],
        environment: { PYTHONPATH: sourceDirectory('python') },
      })),
    ],
  };
}

interface Aggregate {
  meta: Record<string, { state: string }>;
}

/** The status is 200 even if a part is missing, so the states are checked. */
function checkAggregate(body: string): void {
  const { meta } = JSON.parse(body) as Aggregate;
  const states = ['time_service', 'sysinfo_service', 'weather_service'].map((name) => meta[name]?.state);
  if (states.some((state) => state !== 'fresh')) throw new Error(`an aggregate lacks a part: ${body}`);
}

/** The servers call three services, which run on the processor of the load until `stop` is called. */
export async function aggregateComparison(directory: string): Promise<Comparison & { stop(): Promise<void> }> {
  const path = '/api/aggregate';
  const start = (program: string, upstreamPath: string, flags: string[] = []): Promise<RunningServer> => {
    const server = cohortServer(directory, program, upstreamPath, ['--concurrency-limit', 'off', ...flags]);
    return RunningServer.start(server, loadCore, makeDirectory(directory, program));
  };
  const upstreams = [
    await start('time-service', '/api/time'),
    await start('system-info-service', '/api/sysinfo'),
    await start('weather-service', '/api/weather', ['--weather-sample']),
  ];
  const [time = '', sysinfo = '', weather = ''] = upstreams.map(({ url }) => url);
  const origins = upstreams.map(({ url }) => new URL(url).origin);
  const flags = ['time', 'sysinfo', 'weather'].flatMap((name, i) => [`--${name}-service-url`, origins[i] ?? '']);
  return {
    title: 'GET /api/aggregate',
    connections: 32,
    check: checkAggregate,
    environment: { TIME_URL: time, SYSINFO_URL: sysinfo, WEATHER_URL: weather },
    openLoopRate: 2000,
    servers: [
      cppServer(directory, 'raw epoll loop (baseline)', path, 'raw_epoll_aggregator', upstreams.map(({ port }) => String(port))),
      cohortServer(directory, 'dashboard-service', path, flags),
      rustServer('axum', path, 'axum_aggregate'),
      goServer(`net/http (Go ${goVersion()})`, path, 'aggregate'),
      nodeServer(`Fastify ${peerVersion('node', 'fastify')}, undici (Node.js)`, path, 'aggregate.js'),
      peerServer('python', `Flask ${peerVersion('python', 'flask')} on gunicorn (Python)`, path, (bin, port) => ({
        program: join(bin, 'gunicorn'),
        args: ['--worker-class', 'sync', '--workers', '4', '--bind', `127.0.0.1:${port}`, '--log-level', 'warning', 'flask_aggregate:app'],
        environment: { PYTHONPATH: sourceDirectory('python'), PROMETHEUS_MULTIPROC_DIR: makeDirectory(directory, 'prometheus') },
      })),
    ],
    async stop() {
      await Promise.all(upstreams.map((upstream) => upstream.stop()));
    },
  };
}

function makeDirectory(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A handler that returns a constant text, without middleware (baseline) and with five of them. */
export function middlewareComparison(directory: string): Comparison {
  const server = (path: string, name: string): Server => ({
    ...cohortServer(directory, 'framework-service', path, ['--concurrency-limit', 'off']),
    name,
  });
  return {
    title: 'A constant text behind middleware',
    connections: 64,
    check: (body) => {
      if (body !== 'hello') throw new Error(`the body is "${body}"`);
    },
    servers: [server('/api/plain', 'no middleware (baseline)'), server('/api/middleware', 'five middleware')],
  };
}

/** TLS 1.3 on keep-alive connections. */
export function tlsComparison(directory: string): Comparison {
  const certificates = join(directory, 'certificates');
  execFileSync(join(root, 'deploy/tls/make-certificates'), [certificates, '1'], { stdio: 'ignore' });
  const certificate = join(certificates, 'time-service/tls.pem');
  const key = join(certificates, 'time-service/tls.key');
  const certificateAuthority = join(certificates, 'ca.pem');
  return {
    title: 'GET /api/time over TLS 1.3',
    connections: 64,
    check: checkTime,
    servers: [
      {
        name: `nginx ${programVersion('/usr/sbin/nginx', '-v')}, \`return 200\` (baseline)`,
        path: '/api/time',
        certificateAuthority,
        command: (port) =>
          nginxCommand(join(directory, 'nginx-tls'), `127.0.0.1:${port} ssl`, {
            http: `ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_protocols TLSv1.2 TLSv1.3;`,
            server: constantTimeLocation,
          }),
      },
      { ...cohortServer(directory, 'time-service', '/api/time', ['--tls-cert', certificate, '--tls-key', key]), certificateAuthority },
    ],
  };
}

/** A request through a reverse proxy, with keep-alive on both sides, until `stop` is called. */
export async function proxyComparison(directory: string): Promise<Comparison & { stop(): Promise<void> }> {
  const timeService = cohortServer(directory, 'time-service', '/api/time', ['--concurrency-limit', 'off']);
  const upstream = await RunningServer.start(timeService, loadCore, makeDirectory(directory, 'upstream'));
  const connections = 64;
  return {
    title: 'GET /api/time through a reverse proxy',
    connections,
    check: checkTime,
    servers: [
      {
        name: `nginx ${programVersion('/usr/sbin/nginx', '-v')}, \`proxy_pass\` (baseline)`,
        path: '/api/time',
        usesMalloc: true,
        command: (port) =>
          nginxCommand(join(directory, 'nginx-proxy'), `127.0.0.1:${port}`, {
            http: `upstream time { server 127.0.0.1:${upstream.port}; keepalive ${connections}; keepalive_requests 1000000000; }`,
            server: `location / {
      proxy_pass http://time;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
    }`,
          }),
      },
      cohortServer(directory, 'reverse-proxy', '/api/time', ['--site-url', new URL(upstream.url).origin]),
    ],
    stop: () => upstream.stop(),
  };
}
