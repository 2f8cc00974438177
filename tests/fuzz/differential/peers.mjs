// SPDX-License-Identifier: BSL-1.0
// Starts the servers that the differential fuzzer compares: Cohort, Node.js, and reverse proxies in front of Cohort.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const proxyToken = 'front-7c1d5e';

/** FNV-1a of 32 bits, as framing_server.cpp computes it. */
function hash(bytes, value = 0x811c9dc5) {
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

/** A free TCP port of 127.0.0.1. */
export const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function waitForPort(port, name) {
  for (let attempt = 0; attempt < 200; ++attempt) {
    const connected = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
    });
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not listen on port ${port}`);
}

const children = [];
export const directory = mkdtempSync(join(tmpdir(), 'cohort-differential-'));
export function stopAll() {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}

function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], ...options });
  children.push(child);
  child.on('error', (error) => { throw error; });
  return child;
}

/** Starts framing_server. `onViolation` gets the lines that it prints. */
export async function startCohort(program, token, onViolation = () => {}) {
  const port = await freePort();
  const child = start(program, ['--port', String(port), '--host', '127.0.0.1'], {
    env: { ...process.env, LOG_LEVEL: 'error', FRONT_TOKEN: token },
  });
  let rest = '';
  child.stdout.on('data', (data) => {
    const all = (rest + data.toString('latin1')).split('\n');
    rest = all.pop();
    for (const line of all) if (/^(smuggled|swallowed)/.test(line)) onViolation(line);
  });
  await waitForPort(port, 'framing-server');
  return port;
}

/** Starts Node's HTTP server. `records` maps the client's port to `{requests, rejected}`. */
export async function startNode(records) {
  const recordOf = (socket) => {
    const key = socket.remotePort ?? socket.recordKey;
    socket.recordKey = key;
    if (!records.has(key)) records.set(key, { requests: [], rejected: false });
    return records.get(key);
  };
  const server = http.createServer({ requireHostHeader: true }, (request, response) => {
    let length = 0;
    let value = hash([]);
    request.on('data', (data) => { length += data.length; value = hash(data, value); });
    request.on('end', () => {
      const record = recordOf(request.socket);
      record.requests.push(`${length} ${value} ${request.method} ${request.url}`);
      // Node.js stops reading after an upgrade request.
      record.rejected ||= !response.shouldKeepAlive || /upgrade/i.test(request.headers.connection ?? '');
      response.end();
    });
  });
  server.on('connection', recordOf);
  const reject = (request, response) => {
    recordOf(request.socket).rejected = true;
    response.writeHead(417, { connection: 'close' }).end();
  };
  server.on('checkExpectation', reject);
  server.on('connect', (request, socket) => { recordOf(socket).rejected = true; socket.destroy(); });
  server.on('clientError', (error, socket) => {
    // A connection that the client closes within a request is not a rejection: the server waits for the rest.
    if (error.code !== 'HPE_INVALID_EOF_STATE' && error.code !== 'ECONNRESET') recordOf(socket).rejected = true;
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => server.close() };
}

const haproxyConfiguration = (port, upstream) => `
global
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 2s
  timeout http-keep-alive 1s
listen front
  bind 127.0.0.1:${port}
  http-reuse always
  http-request set-header X-Front ${proxyToken}
  server cohort 127.0.0.1:${upstream}
`;

const nginxConfiguration = (port, upstream) => `
daemon off;
master_process off;
error_log ${directory}/error.log crit;
pid ${directory}/nginx.pid;
events { worker_connections 1000; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  client_header_timeout 2s;
  client_body_timeout 2s;
  keepalive_timeout 1s;
  upstream cohort { server 127.0.0.1:${upstream} max_fails=0; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://cohort;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_ignore_client_abort on;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Front ${proxyToken};
    }
  }
}
`;

/** Starts a reverse proxy; null if it is not installed. */
export async function startProxy(name, upstream) {
  const port = await freePort();
  const file = join(directory, `${name}.conf`);
  writeFileSync(file, (name === 'haproxy' ? haproxyConfiguration : nginxConfiguration)(port, upstream));
  const command = name === 'haproxy' ? ['/usr/sbin/haproxy', ['-db', '-f', file]] : ['/usr/sbin/nginx', ['-c', file]];
  start(...command);
  await waitForPort(port, name);
  return port;
}
