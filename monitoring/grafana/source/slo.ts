/** How much of what was promised is left. All from recording rules, so that boards and alerts cannot disagree. */
import { board, boardTitles, serviceVariable, type Section } from './board.ts';
import { chart, redFrom, stat, table, timeline } from './panel.ts';
import { chosen, series } from './promql.ts';

type Slo = 'availability' | 'latency';

/** Requests per second that missed the objective, as recorded. */
const bad: Record<Slo, string> = {
  availability: 'job:http_request_errors:rate1m',
  latency: 'job:http_requests_slow:rate1m',
};

/** The objectives are about 30 days, whatever the board shows. Prometheus may not remember as many. */
const period = '30d';

function budgetLeft(slo: Slo): string {
  const sum = (metric: string) => `sum by (job) (sum_over_time(${series(metric, chosen)}[${period}]))`;
  const share = `${sum(bad[slo])} / (${sum('job:http_requests:rate1m')} > 0)`;
  return `1 - ${share} / on () group_left () (1 - slo:objective:ratio{slo="${slo}"})`;
}

function budget(id: number, slo: Slo, description: string) {
  return stat({
    id,
    title: `Error Budget Left: ${slo[0]?.toUpperCase()}${slo.slice(1)}`,
    description: `${description} 100 % is all of it; below zero the objective is missed. Over 30 days, or as far back as Prometheus remembers.`,
    unit: 'percentunit',
    decimals: 1,
    width: 12,
    height: 5,
    thresholds: {
      base: 'red',
      steps: [
        [0, 'orange'],
        [0.25, 'yellow'],
        [0.5, 'green'],
      ],
    },
    noValue: 'no requests',
    queries: [{ expr: budgetLeft(slo), legend: '{{job}}' }],
  });
}

function burn(id: number, slo: Slo, speed: 'Fast' | 'Slow') {
  const [long, short, limit] = speed === 'Fast' ? (['1h', '5m', 14.4] as const) : (['6h', '30m', 6] as const);
  const recorded = (window: string) => series(`job_slo:error_budget_burn:rate${window}`, chosen, `slo="${slo}"`);
  return chart({
    id,
    title: `${speed} Burn: ${slo}`,
    description: `How many times as fast as it may the error budget is spent, over ${long} and over ${short}. ErrorBudgetBurn${speed} fires while both are above the line (${limit}) and more than a handful of requests were bad.`,
    unit: 'none',
    decimals: 2,
    width: 12,
    thresholds: redFrom(limit),
    queries: [
      { expr: recorded(long), legend: `{{job}} ${long}` },
      { expr: recorded(short), legend: `{{job}} ${short}` },
    ],
    limits: ` ${short}$`,
  });
}

const windows = ['5m', '30m', '1h', '6h'] as const;

const now: Section = {
  panels: [
    budget(1, 'availability', 'How many more requests may fail by our fault.'),
    budget(2, 'latency', 'How many more requests may be slower than their threshold.'),
    table({
      id: 3,
      title: 'Burn Rates Now',
      description:
        '1 spends exactly the budget of 30 days in 30 days. Alerts: 14.4 over 1h and 5m (critical), 6 over 6h and 30m (warning).',
      unit: 'none',
      decimals: 2,
      width: 12,
      thresholds: {
        base: 'text',
        steps: [
          [1, 'yellow'],
          [6, 'orange'],
          [14.4, 'red'],
        ],
      },
      queries: windows.map((window) => ({
        expr: `max by (job, slo) (${series(`job_slo:error_budget_burn:rate${window}`, chosen)})`,
      })),
      columns: [
        ['job', 'Service'],
        ['slo', 'Objective'],
        ['Value #A', '5m'],
        ['Value #B', '30m'],
        ['Value #C', '1h'],
        ['Value #D', '6h'],
      ],
      sort: 'Service',
    }),
    table({
      id: 4,
      title: 'Objectives',
      description:
        'What share of requests shall be answered without a failure, and what share within the threshold of their service.',
      unit: 'percentunit',
      decimals: 2,
      width: 4,
      queries: [{ expr: 'max by (slo) (slo:objective:ratio)' }],
      columns: [
        ['slo', 'Objective'],
        ['Value', 'Good requests'],
      ],
    }),
    table({
      id: 5,
      title: 'Latency Thresholds',
      description: 'An answer that took longer is a slow one.',
      unit: 's',
      width: 8,
      queries: [{ expr: `max by (job) (job_le:slo_latency_threshold:seconds{${chosen}})` }],
      columns: [
        ['job', 'Service'],
        ['Value', 'Threshold'],
      ],
      sort: 'Service',
    }),
  ],
};

const burns: Section = {
  title: 'Burn Rates',
  id: 10,
  panels: [
    burn(11, 'availability', 'Fast'),
    burn(12, 'latency', 'Fast'),
    burn(13, 'availability', 'Slow'),
    burn(14, 'latency', 'Slow'),
  ],
};

function share(id: number, title: string, family: string, objective: number, description: string) {
  return chart({
    id,
    title,
    description,
    unit: 'percentunit',
    width: 12,
    thresholds: redFrom(1 - objective),
    queries: windows.map((window) => ({
      expr: series(`${family}:ratio_rate${window}`, chosen),
      legend: `{{job}} ${window}`,
    })),
  });
}

const requests: Section = {
  title: 'Bad Requests',
  id: 20,
  panels: [
    share(
      21,
      'Failed Share',
      'job:http_request_errors',
      0.999,
      'Share of requests that failed by our fault, by window. The line is what the objective allows.',
    ),
    share(
      22,
      'Slow Share',
      'job:http_requests_slow',
      0.99,
      'Share of requests slower than their threshold, by window. The line is what the objective allows.',
    ),
    chart({
      id: 23,
      title: 'Bad Requests of the Last Hour',
      description:
        'How many requests missed an objective. The fast alert asks for ten at least: of a handful, a share says nothing.',
      unit: 'short',
      width: 12,
      thresholds: { base: 'green', steps: [[10, 'yellow']] },
      queries: [{ expr: series('job_slo:bad_requests:increase1h', chosen), legend: '{{job}} {{slo}}' }],
    }),
    chart({
      id: 24,
      title: 'Bad Requests of the Last Six Hours',
      description: 'How many requests missed an objective. The slow alert asks for twenty at least.',
      unit: 'short',
      width: 12,
      thresholds: { base: 'green', steps: [[20, 'yellow']] },
      queries: [{ expr: series('job_slo:bad_requests:increase6h', chosen), legend: '{{job}} {{slo}}' }],
    }),
    timeline({
      id: 25,
      title: 'Objectives in Danger',
      description: 'When alerts on error budgets, or on missing figures for them, were firing.',
      unit: 'none',
      width: 24,
      height: 6,
      states: [
        [0, 'quiet', 'green'],
        [1, 'firing', 'red'],
      ],
      queries: [
        {
          expr: `max by (job, slo) (ALERTS{alertstate="firing", alertname=~"ErrorBudgetBurn.+|SloMetricsAbsent", ${chosen}}) or 0 * max by (job, slo) (${series('job_slo:bad_requests:increase1h', chosen)})`,
          legend: '{{job}} {{slo}}',
        },
      ],
    }),
  ],
};

export const slo = board({
  uid: 'slo',
  title: boardTitles.slo,
  description:
    'Two objectives for each service, over 30 days: 99.9 % of requests do not fail, 99 % are answered in time.',
  refresh: '30s',
  from: 'now-6h',
  variables: [serviceVariable],
  alerts: `${chosen}, alertname=~"ErrorBudgetBurn.+|SloMetricsAbsent"`,
  sections: [now, burns, requests],
});
