// SPDX-License-Identifier: BSL-1.0
/** Process internals: event loops, memory, connections. */
import { buildDashboard, dashboardTitles, instanceVariable, serviceVariable, type Section } from './dashboard.ts';
import { chart, heatmap, redThreshold, stat, table, yellowRedThresholds } from './panel.ts';
import { increase, quantile, rate, selectedServices, sumBy } from './promql.ts';
import { databases, messages } from './runtime-backends.ts';
import { connections } from './runtime-connections.ts';
import { ratePerReplica, replica, replicaSeries } from './runtime-series.ts';

const summary: Section = {
  panels: [
    stat({
      id: 1,
      title: 'Replicas',
      description: 'Number of selected replicas that Prometheus can scrape.',
      unit: 'none',
      width: 6,
      queries: [{ expr: `sum(${replicaSeries('up')})` }],
    }),
    stat({
      id: 2,
      title: 'Time since Last Start',
      description:
        'Time since the most recent start of a selected replica. ServiceRestarting fires above two starts within 15 minutes.',
      unit: 'dtdurations',
      width: 6,
      queries: [{ expr: `time() - max(${replicaSeries('process_start_time_seconds')})` }],
    }),
    stat({
      id: 3,
      title: 'Log Lines Dropped',
      description: 'Log lines dropped because of a full log queue or a failed output since the start of the selected replicas.',
      unit: 'short',
      width: 6,
      thresholds: redThreshold(1),
      queries: [{ expr: `sum(${replicaSeries('cohort_log_lines_dropped_total')})` }],
    }),
    stat({
      id: 4,
      title: 'Maximum Loop Lag p99',
      description: 'Highest p99 timer lag of the event loops of the selected replicas.',
      unit: 's',
      width: 6,
      thresholds: yellowRedThresholds(0.05, 0.1),
      queries: [{ expr: `max(${quantile(0.99, 'job, instance', replicaSeries('cohort_loop_lag_seconds_bucket'))})` }],
    }),
  ],
};

const loops: Section = {
  title: 'Event Loops',
  id: 100,
  panels: [
    chart({
      id: 101,
      title: 'Loop Lag',
      description:
        'p50 and p99 timer lag of the event loops, measured once per second. All requests on a loop are delayed by this time.',
      unit: 's',
      width: 8,
      thresholds: redThreshold(0.1),
      queries: [
        { expr: quantile(0.5, 'job, instance', replicaSeries('cohort_loop_lag_seconds_bucket')), legend: `${replica} p50` },
        { expr: quantile(0.99, 'job, instance', replicaSeries('cohort_loop_lag_seconds_bucket')), legend: `${replica} p99` },
      ],
    }),
    heatmap({
      id: 102,
      title: 'Loop Lag Distribution',
      description: 'Distribution of the timer lag of the selected replicas.',
      unit: 's',
      width: 8,
      queries: [{ expr: sumBy('le', increase(replicaSeries('cohort_loop_lag_seconds_bucket'))), legend: '{{le}}' }],
    }),
    chart({
      id: 103,
      title: 'CPU by Loop',
      description:
        'CPU utilization of the thread of each event loop, as a fraction of one core. One loop at 100 % while others are idle indicates an uneven load or a handler that computes for a long time.',
      unit: 'percentunit',
      width: 8,
      thresholds: yellowRedThresholds(0.8, 0.95),
      queries: [
        {
          expr: sumBy('job, instance, loop', rate(replicaSeries('cohort_loop_cpu_seconds_total'))),
          legend: `${replica} loop {{loop}}`,
        },
      ],
    }),
    chart({
      id: 104,
      title: 'Timers by Loop',
      description: 'Armed timers of each event loop. Steady growth indicates a leak.',
      unit: 'short',
      width: 12,
      queries: [{ expr: replicaSeries('cohort_loop_timers'), legend: `${replica} loop {{loop}}` }],
    }),
    chart({
      id: 105,
      title: 'Tasks by Loop',
      description: 'Connections and background tasks of each event loop. Steady growth indicates a leak.',
      unit: 'short',
      width: 12,
      queries: [{ expr: replicaSeries('cohort_loop_tasks'), legend: `${replica} loop {{loop}}` }],
    }),
    chart({
      id: 106,
      title: 'Blocking Jobs',
      description:
        'Blocking jobs running on the threads for blocking work, and jobs waiting for a thread. Waiting jobs indicate too few threads, or jobs that do not end.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: replicaSeries('cohort_blocking_running'), legend: `${replica} running` },
        { expr: replicaSeries('cohort_blocking_queued'), legend: `${replica} queued` },
      ],
    }),
    chart({
      id: 107,
      title: 'Loop Stalls',
      description:
        'Number of stalls per minute in which one handler blocked its event loop for 100 ms or longer. The log names the route or job. EventLoopStalls fires above ten stalls in ten minutes.',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: `60 * ${sumBy('job, instance', rate(replicaSeries('cohort_loop_stalls_total')))}`,
          legend: replica,
        },
      ],
    }),
  ],
};

const memory: Section = {
  title: 'Memory',
  id: 200,
  panels: [
    chart({
      id: 201,
      title: 'Memory and Limit',
      description: 'Resident memory of each replica, and its limit (dashed).',
      unit: 'bytes',
      width: 8,
      limits: 'limit$',
      queries: [
        { expr: replicaSeries('process_resident_memory_bytes'), legend: replica },
        { expr: replicaSeries('cohort_memory_limit_bytes'), legend: `${replica} limit` },
      ],
    }),
    chart({
      id: 202,
      title: 'Allocator: Used',
      description: 'Memory in use in the arenas of the allocator. Steady growth indicates a leak.',
      unit: 'bytes',
      width: 8,
      queries: [{ expr: replicaSeries('cohort_allocator_used_bytes'), legend: replica }],
    }),
    chart({
      id: 203,
      title: 'Allocator: Free and Mapped',
      description:
        'Free: kept in the arenas for reuse, usually resident. Mapped: large blocks in use outside the arenas.',
      unit: 'bytes',
      width: 8,
      queries: [
        { expr: replicaSeries('cohort_allocator_free_bytes'), legend: `${replica} free` },
        { expr: replicaSeries('cohort_allocator_mapped_bytes'), legend: `${replica} mapped` },
      ],
    }),
  ],
};

const processes: Section = {
  title: 'Processes',
  id: 400,
  panels: [
    chart({
      id: 401,
      title: 'CPU',
      description: 'CPU cores used by each replica.',
      unit: 'none',
      decimals: 2,
      width: 6,
      queries: [{ expr: ratePerReplica('process_cpu_seconds_total'), legend: replica }],
    }),
    chart({
      id: 402,
      title: 'Threads',
      description:
        'One thread per event loop, and a few threads for name resolution, logs and similar work. Constant while a replica runs.',
      unit: 'none',
      width: 6,
      queries: [{ expr: replicaSeries('process_threads'), legend: replica }],
    }),
    chart({
      id: 403,
      title: 'File Descriptors',
      description: 'Open file descriptors, including connections, and their limit (dashed).',
      unit: 'short',
      width: 6,
      limits: 'limit$',
      queries: [
        { expr: replicaSeries('process_open_fds'), legend: replica },
        { expr: replicaSeries('process_max_fds'), legend: `${replica} limit` },
      ],
    }),
    chart({
      id: 404,
      title: 'Log Lines Dropped per Second',
      description: 'Log lines dropped because of a full log queue or a failed output. LogLinesDropped fires at the first dropped line.',
      unit: 'cps',
      width: 6,
      queries: [{ expr: ratePerReplica('cohort_log_lines_dropped_total'), legend: replica }],
    }),
    chart({
      id: 406,
      title: 'Telemetry Exported per Second',
      description: 'Spans and log records that the OTLP collector accepted. Zero without OTEL_EXPORTER_OTLP_ENDPOINT.',
      unit: 'cps',
      width: 12,
      queries: [
        { expr: `${sumBy('signal', rate(replicaSeries('cohort_telemetry_exported_total')))} or vector(0)`, legend: '{{signal}}' },
      ],
    }),
    chart({
      id: 407,
      title: 'Telemetry Dropped per Second',
      description: 'Spans and log records that were not exported, by reason. TelemetryDropped fires if items are dropped.',
      unit: 'cps',
      width: 12,
      queries: [
        { expr: `${sumBy('signal, reason', rate(replicaSeries('cohort_telemetry_dropped_total')))} or vector(0)`, legend: '{{signal}} {{reason}}' },
      ],
    }),
    chart({
      id: 408,
      title: 'Discovery: Known Endpoints',
      description: 'Endpoints of upstreams from discovery systems. Zero without discovery URLs.',
      unit: 'none',
      width: 8,
      queries: [
        { expr: `max by (job, upstream, source) (${replicaSeries('cohort_discovery_endpoints')}) or vector(0)`, legend: '{{job}} to {{upstream}} ({{source}})' },
      ],
    }),
    chart({
      id: 409,
      title: 'Discovery: Changes and Errors per Second',
      description: 'Changes of the known endpoints, and failed requests to discovery systems.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: `${sumBy('upstream, source', rate(replicaSeries('cohort_discovery_updates_total')))} or vector(0)`, legend: '{{upstream}} ({{source}}) changes' },
        { expr: `${sumBy('upstream, source', rate(replicaSeries('cohort_discovery_errors_total')))} or vector(0)`, legend: '{{upstream}} ({{source}}) errors' },
      ],
    }),
    chart({
      id: 410,
      title: 'Discovery: Age of the Last Response',
      description: 'Time since a discovery system last responded. DiscoverySilent fires above the line.',
      unit: 's',
      width: 8,
      thresholds: redThreshold(600),
      queries: [
        { expr: `max by (job, upstream, source) (time() - ${replicaSeries('cohort_discovery_last_success_timestamp_seconds')}) or vector(0)`, legend: '{{job}} to {{upstream}} ({{source}})' },
      ],
    }),
    table({
      id: 405,
      title: 'Builds',
      description: 'Version and uptime of each replica. Two versions indicate a deployment in progress.',
      unit: 'dtdurations',
      width: 24,
      height: 6,
      queries: [
        {
          expr: `max by (job, instance, version) (${replicaSeries('cohort_build_info')} * on (job, instance) group_left () (time() - process_start_time_seconds))`,
        },
      ],
      columns: [
        ['job', 'Service'],
        ['instance', 'Instance'],
        ['version', 'Version'],
        ['Value', 'Uptime'],
      ],
      sort: 'Service',
    }),
  ],
};

export const runtime = buildDashboard({
  uid: 'runtime',
  title: dashboardTitles.runtime,
  description: 'Process internals: event loops, memory, connections and builds.',
  refresh: '10s',
  from: 'now-30m',
  variables: [serviceVariable, instanceVariable],
  alertMatchers: selectedServices,
  sections: [summary, loops, databases, memory, connections, processes, messages],
});
