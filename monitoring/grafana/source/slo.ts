// SPDX-License-Identifier: BSL-1.0
/**
 * Remaining error budget and burn rates. Uses recording rules only, so that dashboards and alerts use the same data.
 */
import { buildDashboard, dashboardTitles, serviceVariable, type Section } from './dashboard.ts';
import { chart, redThreshold, stat, table, timeline } from './panel.ts';
import { selectedServices, series } from './promql.ts';

type Slo = 'availability' | 'latency';

/** Recorded rates of the requests that missed the objective. */
const badRequestRate: Record<Slo, string> = {
  availability: 'job:http_request_errors:rate1m',
  latency: 'job:http_requests_slow:rate1m',
};

/** The period of the objectives, independent of the time range. The retention of Prometheus may be shorter. */
const period = '30d';

function budgetRemaining(slo: Slo): string {
  const sum = (metric: string) => `sum by (job) (sum_over_time(${series(metric, selectedServices)}[${period}]))`;
  const badRatio = `${sum(badRequestRate[slo])} / (${sum('job:http_requests:rate1m')} > 0)`;
  return `1 - ${badRatio} / on () group_left () (1 - slo:objective:ratio{slo="${slo}"})`;
}

function budgetPanel(id: number, slo: Slo, description: string) {
  return stat({
    id,
    title: `Error Budget Remaining: ${slo[0]?.toUpperCase()}${slo.slice(1)}`,
    description: `${description} Below 0 % the objective is missed. Over 30 days, or the retention time of Prometheus if shorter.`,
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
    queries: [{ expr: budgetRemaining(slo), legend: '{{job}}' }],
  });
}

function burnRatePanel(id: number, slo: Slo, speed: 'Fast' | 'Slow') {
  const [long, short, limit] = speed === 'Fast' ? (['1h', '5m', 14.4] as const) : (['6h', '30m', 6] as const);
  const recordedRate = (window: string) => series(`job_slo:error_budget_burn:rate${window}`, selectedServices, `slo="${slo}"`);
  return chart({
    id,
    title: `${speed} Burn Rate: ${slo}`,
    description: `Burn rate of the error budget over ${long} and over ${short}; 1 is sustainable. ErrorBudgetBurn${speed} fires while both exceed the threshold (${limit}) and the number of bad requests exceeds a minimum.`,
    unit: 'none',
    decimals: 2,
    width: 12,
    thresholds: redThreshold(limit),
    queries: [
      { expr: recordedRate(long), legend: `{{job}} ${long}` },
      { expr: recordedRate(short), legend: `{{job}} ${short}` },
    ],
    limits: ` ${short}$`,
  });
}

const windows = ['5m', '30m', '1h', '6h'] as const;

const summary: Section = {
  panels: [
    budgetPanel(1, 'availability', 'Remaining error budget for server errors, as a fraction of the budget.'),
    budgetPanel(2, 'latency', 'Remaining error budget for slow requests, as a fraction of the budget.'),
    table({
      id: 3,
      title: 'Current Burn Rates',
      description:
        'A burn rate of 1 consumes exactly the 30-day budget in 30 days. Alerts: 14.4 over 1h and 5m (critical), 6 over 6h and 30m (warning).',
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
        expr: `max by (job, slo) (${series(`job_slo:error_budget_burn:rate${window}`, selectedServices)})`,
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
        'Objectives: requests that succeed, and requests that complete within the latency threshold of their service, as a fraction of all requests.',
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
      description: 'A request that takes longer counts as slow.',
      unit: 's',
      width: 8,
      queries: [{ expr: `max by (job) (job_le:slo_latency_threshold:seconds{${selectedServices}})` }],
      columns: [
        ['job', 'Service'],
        ['Value', 'Threshold'],
      ],
      sort: 'Service',
    }),
  ],
};

const burnRates: Section = {
  title: 'Burn Rates',
  id: 10,
  panels: [
    burnRatePanel(11, 'availability', 'Fast'),
    burnRatePanel(12, 'latency', 'Fast'),
    burnRatePanel(13, 'availability', 'Slow'),
    burnRatePanel(14, 'latency', 'Slow'),
  ],
};

function ratioPanel(id: number, title: string, family: string, objective: number, description: string) {
  return chart({
    id,
    title,
    description,
    unit: 'percentunit',
    width: 12,
    thresholds: redThreshold(1 - objective),
    queries: windows.map((window) => ({
      expr: series(`${family}:ratio_rate${window}`, selectedServices),
      legend: `{{job}} ${window}`,
    })),
  });
}

const badRequests: Section = {
  title: 'Bad Requests',
  id: 20,
  panels: [
    ratioPanel(
      21,
      'Failed Request Ratio',
      'job:http_request_errors',
      0.999,
      'Error ratio: requests that failed with a server error, as a fraction of all requests, by window. The line is the ratio that the objective allows.',
    ),
    ratioPanel(
      22,
      'Slow Request Ratio',
      'job:http_requests_slow',
      0.99,
      'Requests slower than their threshold, as a fraction of all requests, by window. The line is the ratio that the objective allows.',
    ),
    chart({
      id: 23,
      title: 'Bad Requests, Last Hour',
      description:
        'Number of requests that missed an objective. ErrorBudgetBurnFast requires at least ten.',
      unit: 'short',
      width: 12,
      thresholds: { base: 'green', steps: [[10, 'yellow']] },
      queries: [{ expr: series('job_slo:bad_requests:increase1h', selectedServices), legend: '{{job}} {{slo}}' }],
    }),
    chart({
      id: 24,
      title: 'Bad Requests, Last Six Hours',
      description: 'Number of requests that missed an objective. ErrorBudgetBurnSlow requires at least twenty.',
      unit: 'short',
      width: 12,
      thresholds: { base: 'green', steps: [[20, 'yellow']] },
      queries: [{ expr: series('job_slo:bad_requests:increase6h', selectedServices), legend: '{{job}} {{slo}}' }],
    }),
    timeline({
      id: 25,
      title: 'SLO Alert History',
      description: 'Firing periods of the alerts on error budgets and on missing SLO metrics.',
      unit: 'none',
      width: 24,
      height: 6,
      states: [
        [0, 'inactive', 'green'],
        [1, 'firing', 'red'],
      ],
      queries: [
        {
          expr: `max by (job, slo) (ALERTS{alertstate="firing", alertname=~"ErrorBudgetBurn.+|SloMetricsAbsent", ${selectedServices}}) or 0 * max by (job, slo) (${series('job_slo:bad_requests:increase1h', selectedServices)})`,
          legend: '{{job}} {{slo}}',
        },
      ],
    }),
  ],
};

export const slo = buildDashboard({
  uid: 'slo',
  title: dashboardTitles.slo,
  description:
    'Two objectives per service over 30 days: 99.9 % of requests succeed, 99 % complete within the latency threshold.',
  refresh: '30s',
  from: 'now-6h',
  variables: [serviceVariable],
  alertMatchers: `${selectedServices}, alertname=~"ErrorBudgetBurn.+|SloMetricsAbsent"`,
  sections: [summary, burnRates, badRequests],
});
