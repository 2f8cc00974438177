// SPDX-License-Identifier: BSL-1.0
/** The last row of the overview: alerts, replica status and injected faults. */
import type { Section } from './dashboard.ts';
import { table, timeline } from './panel.ts';
import { selectedServices } from './promql.ts';

const faults = `max by (job, kind) (cohort_faults_active{${selectedServices}})`;

export const alerts: Section = {
  title: 'Alerts and Availability',
  id: 500,
  panels: [
    table({
      id: 501,
      title: 'Active Alerts',
      description:
        'Firing and pending alerts of all jobs. Watchdog always fires; its absence means that alerts are not delivered. Responses: see the runbook, linked above.',
      unit: 'none',
      width: 12,
      height: 10,
      queries: [
        {
          expr: 'max by (alertname, severity, alertstate, job, instance) (1000 * ALERTS_FOR_STATE * ignoring (alertstate) group_right () ALERTS)',
        },
      ],
      columns: [
        ['severity', 'Severity'],
        ['alertname', 'Alert'],
        ['job', 'Job'],
        ['instance', 'Instance'],
        ['alertstate', 'State'],
        ['Value', 'Since'],
      ],
      sort: 'Severity',
      units: { Since: 'dateTimeFromNow' },
    }),
    timeline({
      id: 502,
      title: 'Alert History',
      description: 'Pending and firing periods of each alert.',
      unit: 'none',
      width: 12,
      height: 10,
      states: [
        [1, 'pending', 'yellow'],
        [2, 'firing', 'red'],
      ],
      queries: [
        {
          expr: 'max by (alertname, job) (2 * ALERTS{alertstate="firing"} or ALERTS{alertstate="pending"})',
          legend: '{{alertname}} {{job}}',
        },
      ],
    }),
    timeline({
      id: 503,
      title: 'Replica Status',
      description:
        'Whether Prometheus could scrape a replica. A replica that left DNS has no row. ServiceDown covers both cases.',
      unit: 'none',
      width: 12,
      states: [
        [0, 'down', 'red'],
        [1, 'up', 'green'],
      ],
      queries: [{ expr: `up{${selectedServices}}`, legend: '{{job}} {{instance}}' }],
    }),
    timeline({
      id: 504,
      title: 'Injected Faults',
      description:
        'Active injected faults by service and kind. A service without --enable-faults has one row, which is off.',
      unit: 'none',
      width: 12,
      states: [
        [0, 'off', 'green'],
        [1, 'on', 'purple'],
      ],
      queries: [
        {
          expr: `${faults} or (0 * max by (job) (up{${selectedServices}}) unless on (job) ${faults})`,
          legend: '{{job}} {{kind}}',
        },
      ],
    }),
  ],
};
