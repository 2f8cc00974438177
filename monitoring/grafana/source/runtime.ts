/** Inside the processes: event loops, memory, connections. */
import { board, boardTitles, instanceVariable, serviceVariable, type Section } from './board.ts';
import { chart, heatmap, redFrom, stat, table, warnAt } from './panel.ts';
import { chosen, chosenInstance, increase, quantile, rate, series, sumBy } from './promql.ts';

const of = (metric: string, ...matchers: string[]) => series(metric, chosen, chosenInstance, ...matchers);
const copy = '{{job}} {{instance}}';
const perCopy = (metric: string) => sumBy('job, instance', rate(of(metric)));

const now: Section = {
  panels: [
    stat({
      id: 1,
      title: 'Copies',
      description: 'How many of the chosen copies answer Prometheus.',
      unit: 'none',
      width: 6,
      queries: [{ expr: `sum(${of('up')})` }],
    }),
    stat({
      id: 2,
      title: 'Youngest Copy',
      description:
        'Time since the latest start among the chosen copies. More than two starts within 15 minutes are ServiceRestarting.',
      unit: 'dtdurations',
      width: 6,
      queries: [{ expr: `time() - max(${of('process_start_time_seconds')})` }],
    }),
    stat({
      id: 3,
      title: 'Log Lines Dropped',
      description: 'Log lines lost to a full queue since the chosen copies started: nobody reads them fast enough.',
      unit: 'short',
      width: 6,
      thresholds: redFrom(1),
      queries: [{ expr: `sum(${of('cohort_log_lines_dropped_total')})` }],
    }),
    stat({
      id: 4,
      title: 'Worst Loop Lag p99',
      description: 'How late the event loops of the worst copy come to one of a hundred timers.',
      unit: 's',
      width: 6,
      thresholds: warnAt(0.05, 0.1),
      queries: [{ expr: `max(${quantile(0.99, 'job, instance', of('cohort_loop_lag_seconds_bucket'))})` }],
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
        'How late event loops come to a timer, measured once a second: half of them, and one of a hundred. All requests on a loop wait as long.',
      unit: 's',
      width: 8,
      thresholds: redFrom(0.1),
      queries: [
        { expr: quantile(0.5, 'job, instance', of('cohort_loop_lag_seconds_bucket')), legend: `${copy} p50` },
        { expr: quantile(0.99, 'job, instance', of('cohort_loop_lag_seconds_bucket')), legend: `${copy} p99` },
      ],
    }),
    heatmap({
      id: 102,
      title: 'Loop Lag Spread',
      description: 'How many timers of the chosen copies came how late.',
      unit: 's',
      width: 8,
      queries: [{ expr: sumBy('le', increase(of('cohort_loop_lag_seconds_bucket'))), legend: '{{le}}' }],
    }),
    chart({
      id: 103,
      title: 'CPU by Loop',
      description:
        "Share of a core that each event loop's thread uses. One at 100 % beside idle ones: the work is badly spread, or a handler computes for long.",
      unit: 'percentunit',
      width: 8,
      thresholds: warnAt(0.8, 0.95),
      queries: [
        {
          expr: sumBy('job, instance, loop', rate(of('cohort_loop_cpu_seconds_total'))),
          legend: `${copy} loop {{loop}}`,
        },
      ],
    }),
    chart({
      id: 104,
      title: 'Timers by Loop',
      description: 'Timers that are armed on each event loop. A number that only grows is a leak.',
      unit: 'short',
      width: 12,
      queries: [{ expr: of('cohort_loop_timers'), legend: `${copy} loop {{loop}}` }],
    }),
    chart({
      id: 105,
      title: 'Tasks by Loop',
      description: 'Connections, and work in the background, on each event loop. A number that only grows is a leak.',
      unit: 'short',
      width: 12,
      queries: [{ expr: of('cohort_loop_tasks'), legend: `${copy} loop {{loop}}` }],
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
      description: 'Resident memory of each copy (lines) and what it may use (dashed).',
      unit: 'bytes',
      width: 8,
      limits: 'limit$',
      queries: [
        { expr: of('process_resident_memory_bytes'), legend: copy },
        { expr: of('cohort_memory_limit_bytes'), legend: `${copy} limit` },
      ],
    }),
    chart({
      id: 202,
      title: 'Allocator: Used',
      description: "What the program uses of the allocator's arenas. It grows without end only if something leaks.",
      unit: 'bytes',
      width: 8,
      queries: [{ expr: of('cohort_allocator_used_bytes'), legend: copy }],
    }),
    chart({
      id: 203,
      title: 'Allocator: Free and Mapped',
      description:
        'Free: kept in the arenas for what comes, and resident as a rule. Mapped: large blocks in use, each beside the arenas.',
      unit: 'bytes',
      width: 8,
      queries: [
        { expr: of('cohort_allocator_free_bytes'), legend: `${copy} free` },
        { expr: of('cohort_allocator_mapped_bytes'), legend: `${copy} mapped` },
      ],
    }),
  ],
};

const connections: Section = {
  title: 'Connections and Requests',
  id: 300,
  panels: [
    chart({
      id: 301,
      title: 'Open Connections',
      description: 'Client connections, idle ones included.',
      unit: 'short',
      width: 8,
      queries: [{ expr: of('cohort_server_connections'), legend: copy }],
    }),
    chart({
      id: 302,
      title: 'Accepted Connections',
      description: 'New client connections. As many as requests: somebody does not keep them.',
      unit: 'cps',
      width: 8,
      queries: [{ expr: perCopy('cohort_server_connections_total'), legend: copy }],
    }),
    chart({
      id: 303,
      title: 'Requests in Flight',
      description:
        "Requests being answered; Prometheus' own is always one of them. Streams count for as long as they last.",
      unit: 'short',
      width: 8,
      queries: [{ expr: of('cohort_server_requests_in_flight'), legend: copy }],
    }),
    chart({
      id: 304,
      title: 'Concurrency Limit by Route',
      description: 'How many requests each route lets in at once. It follows the latency that the route shows.',
      unit: 'short',
      width: 8,
      queries: [{ expr: of('cohort_server_concurrency_limit'), legend: `${copy} {{endpoint}}` }],
    }),
    chart({
      id: 305,
      title: 'Calls in Flight by Upstream',
      description: 'Calls to upstreams under way.',
      unit: 'short',
      width: 8,
      queries: [{ expr: of('cohort_client_in_flight'), legend: `${copy} to {{upstream}}` }],
    }),
    chart({
      id: 306,
      title: 'Deadlines Not Believed',
      description: 'Requests whose deadline header made no sense. Somebody sends other units than we read.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: perCopy('cohort_server_absurd_deadlines_total'), legend: copy }],
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
      description: 'Processors in use: 1 is one core.',
      unit: 'none',
      decimals: 2,
      width: 6,
      queries: [{ expr: perCopy('process_cpu_seconds_total'), legend: copy }],
    }),
    chart({
      id: 402,
      title: 'Threads',
      description:
        'One for each event loop, and a few for names, logs and the like. It does not change while a copy runs.',
      unit: 'none',
      width: 6,
      queries: [{ expr: of('process_threads'), legend: copy }],
    }),
    chart({
      id: 403,
      title: 'File Descriptors',
      description: 'Open ones, each connection among them, and how many may be (dashed).',
      unit: 'short',
      width: 6,
      limits: 'limit$',
      queries: [
        { expr: of('process_open_fds'), legend: copy },
        { expr: of('process_max_fds'), legend: `${copy} limit` },
      ],
    }),
    chart({
      id: 404,
      title: 'Log Lines Dropped per Second',
      description: 'Log lines lost to a full queue: nobody reads them fast enough. Any is LogLinesDropped.',
      unit: 'cps',
      width: 6,
      queries: [{ expr: perCopy('cohort_log_lines_dropped_total'), legend: copy }],
    }),
    table({
      id: 405,
      title: 'Builds',
      description: 'Which version each copy is, and how long it has been running. Two versions: a roll-out under way.',
      unit: 'dtdurations',
      width: 24,
      height: 6,
      queries: [
        {
          expr: `max by (job, instance, version) (${of('cohort_build_info')} * on (job, instance) group_left () (time() - process_start_time_seconds))`,
        },
      ],
      columns: [
        ['job', 'Service'],
        ['instance', 'Instance'],
        ['version', 'Version'],
        ['Value', 'Running for'],
      ],
      sort: 'Service',
    }),
  ],
};

export const runtime = board({
  uid: 'runtime',
  title: boardTitles.runtime,
  description: 'Inside the processes: event loops, memory, connections, and which build runs.',
  refresh: '10s',
  from: 'now-30m',
  variables: [serviceVariable, instanceVariable],
  alerts: chosen,
  sections: [now, loops, memory, connections, processes],
});
