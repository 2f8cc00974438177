// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { toAlertsView } from '../../src/alerts/alerts-view.ts';
import { parseAlertsEvent } from '../../src/alerts/alerts.ts';
import { initialState, withAlerts, withMalformed } from '../../src/page-state.ts';
import { alertBody, alertsBody, resolvedBody, silentBody, unknownBody, warningBody } from '../samples/bodies.ts';

function parsed(body: object) {
  const alerts = parseAlertsEvent(JSON.stringify(body));
  if (alerts === null) throw new Error('malformed');
  return alerts;
}

/** The view at a time after the event. `idleMs` is the time since the last event of any kind. */
function view(body: object, afterMs = 0, idleMs = 0) {
  return toAlertsView({ value: parsed(body), receivedAt: 1_000 }, idleMs, 1_000 + afterMs);
}

describe('parseAlertsEvent', () => {
  test('parseAlertsEvent returns all fields of an alert', () => {
    const alerts = parsed(alertsBody([alertBody], [resolvedBody]));
    expect(alerts.monitoring).toEqual({ state: 'ok', lastSignalSeconds: 12 });
    expect(alerts.firing).toEqual([
      {
        fingerprint: 'f0',
        name: 'ServiceDown',
        severity: 'critical',
        severityText: 'critical',
        service: 'weather-service',
        summary: 'weather-service is down',
        description: 'Prometheus got no response for a minute.',
        runbookUrl: 'http://localhost:5000/runbook#servicedown',
        startsAt: '2025-03-09T12:03:06Z',
        endsAt: null,
        forSeconds: 120,
        stale: false,
        labels: [
          ['alertname', 'ServiceDown'],
          ['job', 'weather-service'],
          ['severity', 'critical'],
        ],
      },
    ]);
    expect(alerts.resolved).toMatchObject([{ endsAt: '2025-03-09T12:05:06Z' }]);
  });

  test('an alert without fields is kept', () => {
    expect(parsed(alertsBody([{}])).firing).toMatchObject([
      { name: 'Unnamed alert', severity: 'other', severityText: null, service: null, stale: false, labels: [] },
    ]);
  });

  test('label values are converted to text', () => {
    expect(parsed(alertsBody([{ ...alertBody, labels: { code: 7, odd: null } }])).firing).toMatchObject([
      { labels: [['code', '7'], ['odd', 'null']] },
    ]);
  });

  test('an unknown severity is mapped to other', () => {
    expect(parsed(alertsBody([{ ...alertBody, severity: 'page' }])).firing).toMatchObject([
      { severity: 'other', severityText: 'page' },
    ]);
  });

  test('an unrecognized monitoring state is mapped to unknown', () => {
    expect(parsed({ ...alertsBody(), monitoring: { state: 'unheard-of' } }).monitoring.state).toBe('unknown');
  });

  const malformed = [
    {},
    { ...alertsBody(), monitoring: null },
    { ...alertsBody(), firing: null },
    { ...alertsBody(), firing: [null] },
    { ...alertsBody(), firing: ['ServiceDown'] },
    { ...alertsBody(), resolved: {} },
  ];
  test.each(malformed)('a malformed alerts event is rejected: %j', (body) => {
    expect(parseAlertsEvent(JSON.stringify(body))).toBeNull();
  });

  test.each(['', '{', '[]', 'null'])('a malformed alerts event is rejected: %j', (data) => {
    expect(parseAlertsEvent(data)).toBeNull();
  });
});

describe('page state', () => {
  test('alerts are kept after a malformed event until the next valid event', () => {
    const known = withAlerts(initialState, parsed(alertsBody([alertBody])), 5);
    const state = withMalformed(known, 'alerts');
    expect(state).toMatchObject({ malformed: 'alerts', alerts: { receivedAt: 5, value: { firing: [{ name: 'ServiceDown' }] } } });
    expect(withAlerts(state, parsed(alertsBody()), 6)).toMatchObject({ malformed: null, alerts: { value: { firing: [] } } });
    expect(withAlerts(withMalformed(known, 'time'), parsed(alertsBody()), 6).malformed).toBe('time');
  });
});

describe('toAlertsView', () => {
  test.each([
    [alertsBody(), 'none', 'none firing', 'No alerts firing · last signal from monitoring 12 s ago', false],
    [alertsBody([alertBody]), 'critical', '1 firing', '1 alert firing · last signal from monitoring 12 s ago', false],
    [alertsBody([warningBody, alertBody]), 'critical', '2 firing', '2 alerts firing · last signal from monitoring 12 s ago', false],
    [alertsBody([warningBody]), 'warning', '1 firing', '1 alert firing · last signal from monitoring 12 s ago', false],
    [
      silentBody(),
      'silent',
      'silent',
      'No signal from monitoring for 4 min: new alerts are not detected.',
      true,
    ],
    [silentBody([alertBody]), 'critical', '1 firing', 'No signal from monitoring for 4 min: this list may be incomplete.', true],
    [unknownBody, 'unknown', 'no signal', 'No signal from monitoring yet.', false],
    [
      { ...unknownBody, firing: [alertBody] },
      'critical',
      '1 firing',
      '1 alert firing · no signal from monitoring yet',
      false,
    ],
  ])('the panel for %j has the state %s and the label %s', (body, state, label, explanation, isSilent) => {
    expect(view(body)).toMatchObject({ state, label, explanation, isSilent, isDimmed: false, age: null });
  });

  test('the ages of alerts are updated between events', () => {
    const later = view(alertsBody([alertBody]), 10_000);
    expect(later.explanation).toBe('1 alert firing · last signal from monitoring 22 s ago');
    expect(later.firing).toMatchObject([{ since: 'for 2 min 10 s, since' }]);
    expect(view(silentBody(), 60_000).explanation).toContain('for 5 min');
  });

  test('without events, the alerts panel is dimmed and does not show the state of monitoring', () => {
    const body = silentBody([alertBody]);
    expect(view(body, 3_000, 3_000).isDimmed).toBe(false);
    expect(view(body, 9_000, 3_001)).toMatchObject({
      state: 'stale',
      label: 'stale',
      isDimmed: true,
      isSilent: false,
      explanation: 'No data from the server.',
      age: 'updated 3 s ago',
      firing: [{ name: 'ServiceDown' }],
    });
  });

  test('alerts link to the runbook on the same server and to http URLs only', () => {
    const links = [alertBody, { ...alertBody, runbook_url: 'javascript:alert(1)' }];
    expect(view(alertsBody(links)).firing.map((alert) => alert.runbook)).toEqual(['runbook#servicedown', null]);
  });

  test('the alerts panel is waiting before the first event', () => {
    expect(toAlertsView(initialState.alerts, 60_000, 60_000)).toMatchObject({ state: 'waiting', firing: [], isDimmed: false });
  });

  test('a stale alert is marked', () => {
    expect(view(alertsBody([{ ...alertBody, stale: true }])).firing[0]?.stale).toContain('Not confirmed for 15 minutes');
    expect(view(alertsBody([alertBody])).firing[0]?.stale).toBeNull();
  });

  test('a resolved alert shows its duration', () => {
    const shown = view(alertsBody([], [resolvedBody]), 60_000);
    expect(shown).toMatchObject({ state: 'none', resolvedLabel: 'Resolved recently (1)' });
    expect(shown.resolved).toMatchObject([{ severityLabel: 'resolved', since: 'for 2 min, until', dateTime: '2025-03-09T12:05:06Z' }]);
  });

  test('the alerts panel states the number of alerts that are not listed', () => {
    expect(view({ ...alertsBody(), not_shown: 4 }).notShown).toBe('At least 4 more alerts not listed.');
    expect(view(alertsBody()).notShown).toBeNull();
  });

  test('the state of monitoring is announced unless it is unknown', () => {
    expect([alertsBody(), silentBody(), unknownBody].map((body) => view(body).announcedMonitoring)).toEqual([
      'ok',
      'silent',
      null,
    ]);
  });

  test('missing fields of an alert have a placeholder text', () => {
    expect(view(alertsBody([{}])).firing).toMatchObject([
      { severityLabel: 'no severity', since: 'for N/A, since', time: 'N/A', runbook: null },
    ]);
  });
});
