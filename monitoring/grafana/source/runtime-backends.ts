// SPDX-License-Identifier: BSL-1.0
/** Runtime sections about the backends of services: databases and message brokers. */
import type { Section } from './dashboard.ts';
import { chart } from './panel.ts';
import { quantile, rate, selectedServices, sumBy } from './promql.ts';
import { replicaSeries } from './runtime-series.ts';

export const databases: Section = {
  title: 'Databases',
  id: 500,
  panels: [
    chart({
      id: 501,
      title: 'Database Calls by Outcome',
      description:
        'Calls to PostgreSQL, Redis and SQLite by outcome. DatabaseFailing fires if 10 % of the calls fail. Outcomes with a rate of zero are omitted.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: `job_database_upstream_outcome:database_requests:rate1m{${selectedServices}} > 0 or vector(0)`, legend: '{{upstream}} {{outcome}}' },
      ],
    }),
    chart({
      id: 502,
      title: 'Database Latency p99',
      description: '99 % of the calls to PostgreSQL and Redis completed within this time, including the wait for a connection.',
      unit: 's',
      width: 8,
      queries: [
        { expr: `${quantile(0.99, 'job, upstream', replicaSeries('cohort_postgres_request_duration_seconds_bucket'))} or vector(0)`, legend: '{{job}} to {{upstream}}' },
        { expr: `${quantile(0.99, 'job, upstream', replicaSeries('cohort_redis_request_duration_seconds_bucket'))} or vector(0)`, legend: '{{job}} to {{upstream}}' },
      ],
    }),
    chart({
      id: 503,
      title: 'PostgreSQL Connections',
      description:
        'Open connections, idle connections, and calls that wait for a connection. Waiting calls with no idle connection indicate a slow database or too few connections.',
      unit: 'short',
      width: 8,
      queries: [
        { expr: `${sumBy('job, upstream, state', replicaSeries('cohort_postgres_connections'))} or vector(0)`, legend: '{{job}} {{upstream}} {{state}}' },
        { expr: `${sumBy('job, upstream', replicaSeries('cohort_postgres_waiting'))} or vector(0)`, legend: '{{job}} {{upstream}} waiting' },
      ],
    }),
  ],
};

const perPublisher = '{{job}} {{publisher}}';

export const messages: Section = {
  title: 'Messages',
  id: 600,
  panels: [
    chart({
      id: 601,
      title: 'Outbox',
      description:
        'Outbox utilization: unconfirmed messages as a fraction of the capacity. MessageOutboxFilling fires above one half. Zero without MESSAGING_URL.',
      unit: 'percentunit',
      width: 8,
      queries: [
        {
          expr: `max by (job, publisher) (${replicaSeries('cohort_messaging_outbox_messages')} / ${replicaSeries('cohort_messaging_outbox_capacity')}) or vector(0)`,
          legend: perPublisher,
        },
      ],
    }),
    chart({
      id: 602,
      title: 'Messages Published per Second',
      description: 'By result: `confirmed` by the broker, or not published.',
      unit: 'cps',
      width: 8,
      queries: [
        { expr: `${sumBy('publisher, result', rate(replicaSeries('cohort_messaging_published_total')))} or vector(0)`, legend: '{{publisher}} {{result}}' },
      ],
    }),
    chart({
      id: 603,
      title: 'Messages Received per Second',
      description: 'By result. MessagesDeadLettered fires for `dead_letter`.',
      unit: 'cps',
      width: 8,
      queries: [
        { expr: `${sumBy('consumer, result', rate(replicaSeries('cohort_messaging_received_total')))} or vector(0)`, legend: '{{consumer}} {{result}}' },
      ],
    }),
  ],
};
