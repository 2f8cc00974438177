// SPDX-License-Identifier: BSL-1.0
import { severities, type Alert, type Alerts, type Severity } from './alerts.ts';
import { age, duration, formatLocalMinute, notAvailable, pluralize, truncate } from '../format.ts';
import type { ReceivedAlerts } from '../page-state.ts';
import { timeStaleTimeoutMs } from '../panel-view.ts';
import { runbookHref } from '../runbook-link.ts';

/**
 * State of the alerts panel: the highest severity of the firing alerts; `none`: no alert fires; `silent`: the Watchdog
 * is missing; `unknown`: no Watchdog has been received; `stale`: the event stream has stopped; `waiting`: no event has
 * been received.
 */
export type AlertsPanelState = Severity | 'none' | 'silent' | 'unknown' | 'stale' | 'waiting';

/** The displayed values of an alert; null hides the element. */
export interface AlertView {
  readonly key: string;
  readonly name: string;
  readonly severity: Severity;
  /** Text of the badge. */
  readonly severityLabel: string;
  readonly service: string | null;
  readonly summary: string | null;
  /** Text before the time. */
  readonly since: string;
  readonly time: string;
  readonly dateTime: string | null;
  readonly stale: string | null;
  readonly runbook: string | null;
  readonly description: string | null;
  readonly labels: readonly (readonly [string, string])[];
}

export interface AlertsView {
  readonly state: AlertsPanelState;
  readonly label: string;
  readonly isDimmed: boolean;
  readonly explanation: string;
  /** Whether the Watchdog alert is missing; the panel then highlights this state like an alert. */
  readonly isSilent: boolean;
  readonly age: string | null;
  readonly notShown: string | null;
  readonly firing: readonly AlertView[];
  /** The number of firing alerts in the open list; the other alerts are in a collapsed list. */
  readonly shown: number;
  /** Heading of the collapsed firing alerts, grouped by their names; null if there are none. */
  readonly moreLabel: string | null;
  readonly resolved: readonly AlertView[];
  /** Heading of the collapsed list. */
  readonly resolvedLabel: string;
  /** State of the monitoring for the live region; null if unknown. */
  readonly announcedMonitoring: string | null;
}

const waiting: AlertsView = {
  state: 'waiting',
  label: 'waiting',
  isDimmed: false,
  explanation: 'Waiting for data.',
  isSilent: false,
  age: null,
  notShown: null,
  firing: [],
  shown: 0,
  moreLabel: null,
  resolved: [],
  resolvedLabel: '',
  announcedMonitoring: null,
};

/** `idleMs` is the time since the last event of any kind, since alerts events are sent only after changes. */
export function toAlertsView(received: ReceivedAlerts, idleMs: number, now: number, maxIdleMs = timeStaleTimeoutMs): AlertsView {
  const alerts = received.value;
  if (alerts === null) return waiting;
  const elapsedSeconds = Math.max(0, now - received.receivedAt) / 1000;
  const isDimmed = idleMs > maxIdleMs;
  return {
    ...toPanelStatus(alerts, isDimmed),
    isDimmed,
    explanation: isDimmed ? 'No data from the server.' : describeMonitoring(alerts, elapsedSeconds),
    isSilent: !isDimmed && alerts.monitoring.state === 'silent',
    age: isDimmed ? age(idleMs) : null,
    notShown: alerts.notShown > 0 ? `At least ${pluralize(alerts.notShown, 'more alert')} not listed.` : null,
    ...groupAlerts(alerts.firing),
    firing: alerts.firing.map((alert) => toFiringAlertView(alert, elapsedSeconds)),
    resolved: alerts.resolved.map(toResolvedAlertView),
    resolvedLabel: `Resolved recently (${alerts.resolved.length})`,
    announcedMonitoring: alerts.monitoring.state === 'unknown' ? null : alerts.monitoring.state,
  };
}

/** Maximum number of expanded alerts: if there are more, only the most severe alerts are expanded. */
const maxShownAlerts = 4;
const maxGroups = 6;

function groupAlerts(firing: readonly Alert[]): { shown: number; moreLabel: string | null } {
  if (firing.length <= maxShownAlerts) return { shown: firing.length, moreLabel: null };
  const more = firing.slice(maxShownAlerts - 1);
  const groups = new Map<string, number>();
  for (const alert of more) groups.set(alert.name, (groups.get(alert.name) ?? 0) + 1);
  const sorted = [...groups].sort(([, a], [, b]) => b - a);
  const names = sorted.slice(0, maxGroups).map(([name, count]) => truncate(name, 40) + (count === 1 ? '' : ` × ${count}`));
  const others = sorted.length > maxGroups ? [pluralize(sorted.length - maxGroups, 'other name')] : [];
  return { shown: maxShownAlerts - 1, moreLabel: `${more.length} more: ${[...names, ...others].join(', ')}` };
}

function toPanelStatus(alerts: Alerts, isDimmed: boolean): { state: AlertsPanelState; label: string } {
  if (isDimmed) return { state: 'stale', label: 'stale' };
  const highest = severities.find((severity) => alerts.firing.some((alert) => alert.severity === severity));
  if (highest !== undefined) return { state: highest, label: `${alerts.firing.length} firing` };
  switch (alerts.monitoring.state) {
    case 'ok':
      return { state: 'none', label: 'none firing' };
    case 'silent':
      return { state: 'silent', label: 'silent' };
    case 'unknown':
      return { state: 'unknown', label: 'no signal' };
  }
}

function describeMonitoring(alerts: Alerts, elapsedSeconds: number): string {
  const { state, lastSignalSeconds } = alerts.monitoring;
  const since = lastSignalSeconds === null ? notAvailable : duration(lastSignalSeconds + elapsedSeconds);
  const isFiring = alerts.firing.length > 0;
  if (state === 'silent') {
    const consequence = isFiring ? 'this list may be incomplete' : 'new alerts are not detected';
    return `No signal from monitoring for ${since}: ${consequence}.`;
  }
  const count = isFiring ? `${pluralize(alerts.firing.length, 'alert')} firing` : 'No alerts firing';
  if (state === 'ok') return `${count} · last signal from monitoring ${since} ago`;
  return isFiring ? `${count} · no signal from monitoring yet` : 'No signal from monitoring yet.';
}

function toFiringAlertView(alert: Alert, elapsedSeconds: number): AlertView {
  const active = alert.forSeconds === null ? notAvailable : duration(alert.forSeconds + elapsedSeconds);
  return {
    ...toAlertView(alert),
    since: `for ${active}, since`,
    time: formatLocalMinute(alert.startsAt),
    dateTime: alert.startsAt,
    stale: alert.stale ? 'Not confirmed for 15 minutes: resolved, or inhibited by another alert.' : null,
  };
}

function toResolvedAlertView(alert: Alert): AlertView {
  const active = alert.forSeconds === null ? notAvailable : duration(alert.forSeconds);
  return {
    ...toAlertView(alert),
    severityLabel: 'resolved',
    since: `for ${active}, until`,
    time: formatLocalMinute(alert.endsAt),
    dateTime: alert.endsAt,
    stale: null,
  };
}

function toAlertView(alert: Alert): Omit<AlertView, 'since' | 'time' | 'dateTime' | 'stale'> {
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
