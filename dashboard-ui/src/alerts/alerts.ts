// SPDX-License-Identifier: BSL-1.0
import { isObject, numberAt, objectAt, parseObject, textAt, type JsonObject } from '../json.ts';

/** Severities of this stack's rules, highest first; `other` is any other severity, or none. */
export const severities = ['critical', 'warning', 'info', 'other'] as const;
export type Severity = (typeof severities)[number];

/** An alert. Null means that the rule does not set the value. */
export interface Alert {
  readonly fingerprint: string;
  readonly name: string;
  readonly severity: Severity;
  /** The label's text. */
  readonly severityText: string | null;
  readonly service: string | null;
  readonly summary: string | null;
  readonly description: string | null;
  readonly runbookUrl: string | null;
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  /** The duration of the alert at the time of the event. */
  readonly forSeconds: number | null;
  /** Whether the alert fires but has not been confirmed for 15 minutes. */
  readonly stale: boolean;
  readonly labels: readonly (readonly [string, string])[];
}

/** `silent`: the Watchdog alert has not been confirmed for some minutes; `unknown`: it has never been received. */
export type MonitoringState = 'ok' | 'silent' | 'unknown';

export interface Alerts {
  readonly monitoring: { readonly state: MonitoringState; readonly lastSignalSeconds: number | null };
  readonly firing: readonly Alert[];
  readonly resolved: readonly Alert[];
  /** Minimum number of further firing alerts that the server could not store. */
  readonly notShown: number;
}

/** Parses the data of an `alerts` event; null if it is malformed. */
export function parseAlertsEvent(data: string): Alerts | null {
  const body = parseObject(data);
  if (body === null || !isObject(body['monitoring'])) return null;
  const firing = readAlerts(body['firing']);
  const resolved = readAlerts(body['resolved']);
  if (firing === null || resolved === null) return null;
  const monitoring = objectAt(body, 'monitoring');
  const state = monitoring['state'];
  return {
    monitoring: {
      state: state === 'ok' || state === 'silent' ? state : 'unknown',
      lastSignalSeconds: numberAt(monitoring, 'last_heard_seconds'),
    },
    firing,
    resolved,
    notShown: numberAt(body, 'not_shown') ?? 0,
  };
}

function readAlerts(list: unknown): Alert[] | null {
  if (!Array.isArray(list)) return null;
  const values = list as unknown[];
  return values.every(isObject) ? values.map(readAlert) : null;
}

/** Returns the alert, with defaults for missing fields. */
function readAlert(body: JsonObject): Alert {
  const name = textAt(body, 'name') ?? 'Unnamed alert';
  const service = textAt(body, 'service');
  const severityText = textAt(body, 'severity');
  return {
    fingerprint: textAt(body, 'fingerprint') ?? `${name} ${service ?? ''}`,
    name,
    severity: severities.find((known) => known === severityText) ?? 'other',
    severityText,
    service,
    summary: textAt(body, 'summary'),
    description: textAt(body, 'description'),
    runbookUrl: textAt(body, 'runbook_url'),
    startsAt: textAt(body, 'starts_at'),
    endsAt: textAt(body, 'ends_at'),
    forSeconds: numberAt(body, 'for_seconds'),
    stale: body['stale'] === true,
    labels: Object.entries(objectAt(body, 'labels')).map(([label, value]) => [label, String(value)]),
  };
}
