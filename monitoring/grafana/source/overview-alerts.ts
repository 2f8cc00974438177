/** The overview's last row: what fires, what answers, what is broken on purpose. */
import type { Section } from './board.ts';
import { table, timeline } from './panel.ts';
import { chosen } from './promql.ts';

const faults = `max by (job, kind) (cohort_faults_active{${chosen}})`;

export const alerts: Section = {
  title: 'Alerts and Availability',
  id: 500,
  panels: [
    table({
      id: 501,
      title: 'Alerts Now',
      description:
        'All that fire or are pending, of all jobs. Watchdog always fires: without it no alert can be trusted to arrive. What to do: the runbook, linked above.',
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
      title: 'Alerts over Time',
      description: 'When each alert was pending and when it fired.',
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
      title: 'Copies That Answer',
      description:
        "Whether Prometheus could read a copy's metrics. A copy whose name left DNS has no line any more. ServiceDown knows of both.",
      unit: 'none',
      width: 12,
      states: [
        [0, 'down', 'red'],
        [1, 'up', 'green'],
      ],
      queries: [{ expr: `up{${chosen}}`, legend: '{{job}} {{instance}}' }],
    }),
    timeline({
      id: 504,
      title: 'Injected Faults',
      description:
        'Where somebody makes a service fail on purpose, by kind. Without --enable-faults a service has one line, which is off.',
      unit: 'none',
      width: 12,
      states: [
        [0, 'off', 'green'],
        [1, 'on', 'purple'],
      ],
      queries: [
        {
          expr: `${faults} or (0 * max by (job) (up{${chosen}}) unless on (job) ${faults})`,
          legend: '{{job}} {{kind}}',
        },
      ],
    }),
  ],
};
