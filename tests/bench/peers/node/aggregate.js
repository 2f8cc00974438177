// SPDX-License-Identifier: BSL-1.0
// `GET /api/aggregate` with Fastify and undici: three calls in parallel, to TIME_URL, SYSINFO_URL and WEATHER_URL.
// Usage: aggregate.js PORT
import client from 'prom-client';
import { Agent, request } from 'undici';

import { buckets, createServer, listen } from './server.js';

const labelNames = ['service', 'outcome'];
const calls = new client.Counter({ name: 'upstream_requests_total', help: 'Calls to upstreams.', labelNames });
const durations = new client.Histogram({
  name: 'upstream_request_duration_seconds', help: 'Durations.', labelNames: ['service'], buckets,
});
const dispatcher = new Agent({ connections: 256 });
const upstreams = [
  { name: 'time', url: process.env.TIME_URL, timeout: 3000 },
  { name: 'sysinfo', url: process.env.SYSINFO_URL, timeout: 3000 },
  { name: 'weather', url: process.env.WEATHER_URL, timeout: 5000 },
];

async function get({ url, timeout }) {
  const { statusCode, body } = await request(url, {
    dispatcher, headers: { accept: 'application/json' }, headersTimeout: timeout, bodyTimeout: timeout,
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
  JSON.parse(text);
  return text;
}

async function fetchPart(upstream) {
  const start = performance.now();
  let state = 'fresh';
  let body = '{"error":"Service temporarily unavailable"}';
  try {
    body = await get(upstream);
  } catch (error) {
    state = error.name.endsWith('TimeoutError') ? 'timeout' : 'error';
  }
  const elapsed = performance.now() - start;
  calls.inc({ service: upstream.name, outcome: state });
  durations.observe({ service: upstream.name }, elapsed / 1000);
  return { body, meta: { state, elapsed_ms: Math.round(elapsed * 10) / 10, deadline_ms: upstream.timeout } };
}

const server = createServer();
server.get('/api/aggregate', async (_, reply) => {
  const [time, sysinfo, weather] = await Promise.all(upstreams.map(fetchPart));
  const meta = { time_service: time.meta, sysinfo_service: sysinfo.meta, weather_service: weather.meta };
  reply.type('application/json');
  return `{"dashboard":"aggregator-service","time_service":${time.body},"sysinfo_service":${sysinfo.body},` +
    `"weather_service":${weather.body},"meta":${JSON.stringify(meta)}}`;
});
await listen(server);
