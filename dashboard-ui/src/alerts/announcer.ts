// SPDX-License-Identifier: BSL-1.0
import type { Alert, Alerts } from './alerts.ts';

/** Composes the announcements of a live region: the state changes since the last call. */
export class Announcer {
  readonly #announced = new Map<string, string>();

  /** A null state is transient and skipped. The first state of a subject is announced unless it is `expected`. */
  changes(subjects: readonly { name: string; state: string | null; expected: string }[]): string {
    const sentences: string[] = [];
    for (const { name, state, expected } of subjects) {
      if (state === null || state === (this.#announced.get(name) ?? expected)) continue;
      sentences.push(`${name}: ${state}.`);
      this.#announced.set(name, state);
    }
    return sentences.join(' ');
  }
}

/** Maximum number of announced names: if there are more alerts, only their number is announced. */
const maxNames = 3;

/** Composes the announcements of a live region: alerts that have started or stopped firing since the last call. */
export class AlertAnnouncer {
  #firing: readonly Alert[] = [];

  /** `alerts` is null while there is no data. */
  changes(alerts: Alerts | null): string {
    if (alerts === null) return '';
    const started = exclude(alerts.firing, this.#firing);
    const ended = exclude(this.#firing, alerts.firing);
    this.#firing = alerts.firing;
    // An alert missing from both lists is not announced as resolved: a restarted server may not have received it yet.
    const missing = exclude(ended, alerts.resolved);
    return [
      sentence('Alert firing', started),
      sentence('Alert resolved', exclude(ended, missing)),
      sentence('Alert no longer reported', missing),
    ]
      .filter((text) => text !== '')
      .join(' ');
  }
}

function exclude(alerts: readonly Alert[], excluded: readonly Alert[]): Alert[] {
  const keys = new Set(excluded.map((alert) => alert.fingerprint));
  return alerts.filter((alert) => !keys.has(alert.fingerprint));
}

function sentence(event: string, alerts: readonly Alert[]): string {
  if (alerts.length === 0) return '';
  if (alerts.length > maxNames) return `${event.replace('Alert', `${alerts.length} alerts`)}.`;
  return alerts.map((alert) => `${event}: ${[alert.name, alert.service, alert.severityText].filter(Boolean).join(', ')}.`).join(' ');
}
