// SPDX-License-Identifier: BSL-1.0
/** Runtime section about connections, requests and limits. */
import type { Section } from './dashboard.ts';
import { chart } from './panel.ts';
import { orZero, rate, sumBy } from './promql.ts';
import { ratePerReplica, replica, replicaSeries } from './runtime-series.ts';

export const connections: Section = {
  title: 'Connections and Requests',
  id: 300,
  panels: [
    chart({
      id: 301,
      title: 'Open Connections',
      description: 'Client connections, including idle ones, and their limit (dashed). ConnectionsNearLimit fires above 90 %.',
      unit: 'short',
      width: 8,
      limits: 'limit$',
      queries: [
        { expr: replicaSeries('cohort_server_connections'), legend: replica },
        { expr: replicaSeries('cohort_server_connection_limit'), legend: `${replica} limit` },
      ],
    }),
    chart({
      id: 302,
      title: 'Accepted Connections',
      description: 'New client connections per second. A rate equal to the request rate indicates clients without keep-alive.',
      unit: 'cps',
      width: 8,
      queries: [{ expr: ratePerReplica('cohort_server_connections_total'), legend: replica }],
    }),
    chart({
      id: 303,
      title: 'Requests in Flight',
      description:
        'Requests in progress, including the scrape itself. A stream counts until it ends.',
      unit: 'short',
      width: 8,
      queries: [{ expr: replicaSeries('cohort_server_requests_in_flight'), legend: replica }],
    }),
    chart({
      id: 304,
      title: 'Concurrency Limit by Route',
      description: 'Maximum concurrent requests per route. The limit adapts to the measured latency of the route.',
      unit: 'short',
      width: 8,
      queries: [{ expr: replicaSeries('cohort_server_concurrency_limit'), legend: `${replica} {{endpoint}}` }],
    }),
    chart({
      id: 305,
      title: 'Calls in Flight by Upstream',
      description: 'Upstream calls in progress.',
      unit: 'short',
      width: 8,
      queries: [{ expr: replicaSeries('cohort_client_in_flight'), legend: `${replica} to {{upstream}}` }],
    }),
    chart({
      id: 306,
      title: 'Invalid Deadline Headers',
      description: 'Requests whose deadline header was ignored because it was invalid, for example in the wrong unit.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: ratePerReplica('cohort_server_absurd_deadlines_total'), legend: replica }],
    }),
    chart({
      id: 307,
      title: 'Connection Limits',
      description:
        'Connections closed near the connection limit by their state, connections rejected by reason, and failed accepts.',
      unit: 'cps',
      width: 24,
      queries: [
        {
          expr: sumBy('job, instance, state', rate(replicaSeries('cohort_server_connections_shed_total'))),
          legend: `${replica} shed {{state}}`,
        },
        {
          expr: sumBy('job, instance, reason', rate(replicaSeries('cohort_server_connections_rejected_total'))),
          legend: `${replica} rejected {{reason}}`,
        },
        {
          expr: sumBy('job, instance, reason', rate(replicaSeries('cohort_server_accept_errors_total'))),
          legend: `${replica} accept failed {{reason}}`,
        },
      ],
    }),
    chart({
      id: 308,
      title: 'Proxy Tunnels',
      description: 'Open tunnels of reverse proxies, by upstream: connections that were upgraded, mostly to WebSocket.',
      unit: 'short',
      width: 8,
      queries: [{ expr: orZero(replicaSeries('cohort_proxy_tunnels')), legend: `${replica} to {{upstream}}` }],
    }),
    chart({
      id: 309,
      title: 'Ended and Rejected Proxy Tunnels',
      description:
        'Ended tunnels, by reason: closed by both sides, failed, idle timeout, or drain. Rejected upgrades exceeded the maximum number of tunnels. ProxyTunnelsRejected fires above 0.1 per second.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: orZero(sumBy('job, instance, upstream, reason', rate(replicaSeries('cohort_proxy_tunnel_ends_total')))),
          legend: `${replica} to {{upstream}} {{reason}}`,
        },
        {
          expr: orZero(sumBy('job, instance, upstream', rate(replicaSeries('cohort_proxy_tunnels_rejected_total')))),
          legend: `${replica} to {{upstream}} rejected`,
        },
      ],
    }),
    chart({
      id: 310,
      title: 'Proxy Tunnel Throughput',
      description: 'Bytes that the tunnels of reverse proxies copied, by direction.',
      unit: 'Bps',
      width: 8,
      queries: [
        {
          expr: orZero(sumBy('job, instance, upstream, direction', rate(replicaSeries('cohort_proxy_tunnel_bytes_total')))),
          legend: `${replica} {{upstream}} {{direction}}`,
        },
      ],
    }),
  ],
};
