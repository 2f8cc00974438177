// SPDX-License-Identifier: BSL-1.0
// `GET /api/time` with Fastify. Usage: time.js PORT
import { createServer, listen } from './server.js';

const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const pad = (number) => String(number).padStart(2, '0');

function timeBody() {
  const now = new Date();
  const date = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
  const time = `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}`;
  const offset = -now.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const zone = `${sign}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  return { service: 'time-service', timestamp: `${date} ${time}`, iso8601: `${date}T${time}${zone}`, unix_ms: now.getTime(), timezone };
}

const text = { type: 'string' };
const properties = { service: text, timestamp: text, iso8601: text, unix_ms: { type: 'integer' }, timezone: text };
const server = createServer();
server.get('/api/time', { schema: { response: { 200: { type: 'object', properties } } } }, async () => timeBody());
await listen(server);
