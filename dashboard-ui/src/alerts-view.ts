import { severities, type Alert, type Alerts, type Severity } from './alerts.ts';
import type { HeardAlerts } from './board.ts';
import { age, duration, localMinute, notAvailable } from './format.ts';
import { timeStaleAfterMs } from './panel-view.ts';
import { runbookHref } from './runbook-link.ts';

/** `quiet`: nothing fires, and somebody watches. */
export type AlertsState = Severity | 'quiet' | 'silent' | 'unheard' | 'stale' | 'waiting';

/** One alert as it is shown; null hides its part. */
export interface AlertView {
  readonly key: string;
  readonly name: string;
  readonly severity: Severity;
  /** Of its badge. */
  readonly severityLabel: string;
  readonly service: string | null;
  readonly summary: string | null;
  /** What comes before the time. */
  readonly since: string;
  readonly at: string;
  readonly dateTime: string | null;
  readonly stale: string | null;
  readonly runbook: string | null;
  readonly description: string | null;
  readonly labels: readonly (readonly [string, string])[];
}

export interface AlertsView {
  readonly state: AlertsState;
  readonly label: string;
  readonly dimmed: boolean;
  readonly explanation: string;
  /** Nobody watches: said as loudly as an alert. */
  readonly unwatched: boolean;
  readonly age: string | null;
  readonly missing: string | null;
  readonly firing: readonly AlertView[];
  readonly resolved: readonly AlertView[];
  /** Of the folded list. */
  readonly resolvedLabel: string;
  /** How the monitoring's state is announced; null while it is not known. */
  readonly spokenMonitoring: string | null;
}

const waiting: AlertsView = {
  state: 'waiting',
  label: 'waiting',
  dimmed: false,
  explanation: 'Waiting for the first word.',
  unwatched: false,
  age: null,
  missing: null,
  firing: [],
  resolved: [],
  resolvedLabel: '',
  spokenMonitoring: null,
};

/** `silentForMs` is how long the whole stream has brought nothing: alerts come only when something changes. */
export function viewAlerts(heard: HeardAlerts, silentForMs: number, now: number): AlertsView {
  const alerts = heard.value;
  if (alerts === null) return waiting;
  const passed = Math.max(0, now - heard.heardAt) / 1000;
  const dimmed = silentForMs > timeStaleAfterMs;
  return {
    ...headline(alerts, dimmed),
    dimmed,
    explanation: dimmed ? 'No news from the server.' : explain(alerts, passed),
    unwatched: !dimmed && alerts.monitoring.state === 'silent',
    age: dimmed ? age(silentForMs) : null,
    missing: alerts.notShown > 0 ? `At least ${counted(alerts.notShown, 'more alert')} did not fit here.` : null,
    firing: alerts.firing.map((alert) => viewFiring(alert, passed)),
    resolved: alerts.resolved.map(viewResolved),
    resolvedLabel: `Resolved recently (${alerts.resolved.length})`,
    spokenMonitoring: spoken(alerts),
  };
}

function headline(alerts: Alerts, dimmed: boolean): { state: AlertsState; label: string } {
  if (dimmed) return { state: 'stale', label: 'stale' };
  const worst = severities.find((severity) => alerts.firing.some((alert) => alert.severity === severity));
  if (worst !== undefined) return { state: worst, label: `${alerts.firing.length} firing` };
  switch (alerts.monitoring.state) {
    case 'ok':
      return { state: 'quiet', label: 'none firing' };
    case 'silent':
      return { state: 'silent', label: 'silent' };
    case 'unknown':
      return { state: 'unheard', label: 'unheard' };
  }
}

function explain(alerts: Alerts, passed: number): string {
  const { state, lastHeardSeconds } = alerts.monitoring;
  const since = lastHeardSeconds === null ? notAvailable : duration(lastHeardSeconds + passed);
  const some = alerts.firing.length > 0;
  if (state === 'silent') {
    const so = some ? 'what follows may be incomplete' : 'nobody is watching, and no alert would be seen here';
    return `Monitoring has been silent for ${since}: ${so}.`;
  }
  const count = some ? `${counted(alerts.firing.length, 'alert')} firing` : 'No alerts firing';
  if (state === 'ok') return `${count} · monitoring heard ${since} ago`;
  return some ? `${count} · monitoring has not been heard yet` : 'Monitoring has not been heard yet.';
}

function spoken(alerts: Alerts): string | null {
  const { state } = alerts.monitoring;
  return state === 'unknown' ? null : state === 'ok' ? 'heard' : 'silent';
}

function viewFiring(alert: Alert, passed: number): AlertView {
  const lasted = alert.forSeconds === null ? notAvailable : duration(alert.forSeconds + passed);
  return {
    ...viewAlert(alert),
    since: `for ${lasted}, since`,
    at: localMinute(alert.startsAt),
    dateTime: alert.startsAt,
    stale: alert.stale ? 'Not confirmed for a quarter of an hour: it may be over, or held back behind another alert.' : null,
  };
}

function viewResolved(alert: Alert): AlertView {
  const lasted = alert.forSeconds === null ? notAvailable : duration(alert.forSeconds);
  return {
    ...viewAlert(alert),
    severityLabel: 'resolved',
    since: `lasted ${lasted}, until`,
    at: localMinute(alert.endsAt),
    dateTime: alert.endsAt,
    stale: null,
  };
}

function viewAlert(alert: Alert): Omit<AlertView, 'since' | 'at' | 'dateTime' | 'stale'> {
  return {
    key: alert.fingerprint,
    name: alert.name,
    severity: alert.severity,
    severityLabel: alert.severityText ?? 'no severity',
    service: alert.service,
    summary: alert.summary,
    runbook: runbookHref(alert.runbookUrl),
    description: alert.description,
    labels: alert.labels,
  };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
