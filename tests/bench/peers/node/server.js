// SPDX-License-Identifier: BSL-1.0
import Fastify from 'fastify';
import client from 'prom-client';

/** Bounds of the histograms of durations, in seconds. */
export const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Returns a server whose requests are counted in onResponse, as its plugins for Prometheus do. */
export function createServer() {
  const labelNames = ['method', 'route', 'status'];
  const requests = new client.Counter({ name: 'http_requests_total', help: 'Requests.', labelNames });
  const durations = new client.Histogram({ name: 'http_request_duration_seconds', help: 'Durations.', labelNames, buckets });
  const server = Fastify();
  server.get('/metrics', async (_, reply) => {
    reply.type(client.register.contentType);
    return client.register.metrics();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unmatched', status: reply.statusCode };
    requests.inc(labels);
    durations.observe(labels, reply.elapsedTime / 1000);
    done();
  });
  return server;
}

/** Listens on the port in the first argument. */
export async function listen(server) {
  await server.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
}
