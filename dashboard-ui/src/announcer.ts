import type { Alert, Alerts } from './alerts.ts';

/** Says of a set of subjects what has changed since it was last asked, for a live region. */
export class Announcer {
  readonly #said = new Map<string, string>();

  /**
   * A null state is one on the way to another and is passed over. A subject's first state is not news when it is `expected`.
   */
  changes(subjects: readonly { name: string; state: string | null; expected: string }[]): string {
    const news: string[] = [];
    for (const { name, state, expected } of subjects) {
      if (state === null || state === (this.#said.get(name) ?? expected)) continue;
      news.push(`${name}: ${state}.`);
      this.#said.set(name, state);
    }
    return news.join(' ');
  }
}

/** More than so many names at once are a number. */
const mostNames = 3;

/** Says which alerts have begun to fire, and which have ended, since it was last asked. Those that fire at first are news. */
export class AlertAnnouncer {
  #firing: readonly Alert[] = [];

  /** Null, while nothing is known, is no news. */
  changes(alerts: Alerts | null): string {
    if (alerts === null) return '';
    const begun = without(alerts.firing, this.#firing);
    const gone = without(this.#firing, alerts.firing);
    this.#firing = alerts.firing;
    // Only what was said to be over is: a server that has just started may not know the rest yet.
    const unknown = without(gone, alerts.resolved);
    return [
      sentence('Alert firing', begun),
      sentence('Alert resolved', without(gone, unknown)),
      sentence('Alert no longer reported', unknown),
    ]
      .filter((text) => text !== '')
      .join(' ');
  }
}

function without(some: readonly Alert[], others: readonly Alert[]): Alert[] {
  const keys = new Set(others.map((alert) => alert.fingerprint));
  return some.filter((alert) => !keys.has(alert.fingerprint));
}

function sentence(what: string, alerts: readonly Alert[]): string {
  if (alerts.length === 0) return '';
  if (alerts.length > mostNames) return `${what.replace('Alert', `${alerts.length} alerts`)}.`;
  return alerts.map((alert) => `${what}: ${[alert.name, alert.service, alert.severityText].filter(Boolean).join(', ')}.`).join(' ');
}
