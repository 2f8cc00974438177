import { describe, expect, test } from 'vitest';
import { viewAlerts } from '../src/alerts-view.ts';
import { parseAlertsEvent } from '../src/alerts.ts';
import { emptyBoard, withAlerts, withMalformed } from '../src/board.ts';
import { alertBody, alertsBody, resolvedBody, silentBody, unheardBody, warningBody } from './bodies.ts';

function parsed(body: object) {
  const alerts = parseAlertsEvent(JSON.stringify(body));
  if (alerts === null) throw new Error('malformed');
  return alerts;
}

/** What is shown so long after the event came, on a stream that brings other events. */
function view(body: object, afterMs = 0, silentForMs = 0) {
  return viewAlerts({ value: parsed(body), heardAt: 1_000 }, silentForMs, 1_000 + afterMs);
}

describe('an alerts event', () => {
  test('gives every alert with what was said of it', () => {
    const alerts = parsed(alertsBody([alertBody], [resolvedBody]));
    expect(alerts.monitoring).toEqual({ state: 'ok', lastHeardSeconds: 12 });
    expect(alerts.firing).toEqual([
      {
        fingerprint: 'f0',
        name: 'ServiceDown',
        severity: 'critical',
        severityText: 'critical',
        service: 'weather-service',
        summary: 'weather-service is down',
        description: 'Prometheus got no answer for a minute.',
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

  test('keeps an alert that lacks everything', () => {
    expect(parsed(alertsBody([{}])).firing).toMatchObject([
      { name: 'Alert without a name', severity: 'other', severityText: null, service: null, stale: false, labels: [] },
    ]);
  });

  test('has texts for labels, whatever they are', () => {
    expect(parsed(alertsBody([{ ...alertBody, labels: { code: 7, odd: null } }])).firing).toMatchObject([
      { labels: [['code', '7'], ['odd', 'null']] },
    ]);
  });

  test('does not take an unknown severity for a known one', () => {
    expect(parsed(alertsBody([{ ...alertBody, severity: 'page' }])).firing).toMatchObject([
      { severity: 'other', severityText: 'page' },
    ]);
  });

  test('with a state of the monitoring that this page does not know is not well', () => {
    expect(parsed({ ...alertsBody(), monitoring: { state: 'splendid' } }).monitoring.state).toBe('unknown');
  });

  const malformed = [
    {},
    { ...alertsBody(), monitoring: null },
    { ...alertsBody(), firing: null },
    { ...alertsBody(), firing: [null] },
    { ...alertsBody(), firing: ['ServiceDown'] },
    { ...alertsBody(), resolved: {} },
  ];
  test.each(malformed)('%j is malformed', (body) => {
    expect(parseAlertsEvent(JSON.stringify(body))).toBeNull();
  });

  test.each(['', '{', '[]', 'null'])('%j is malformed', (data) => {
    expect(parseAlertsEvent(data)).toBeNull();
  });
});

describe('the board', () => {
  test('keeps its alerts when a malformed event comes, and forgets that with the next good one', () => {
    const known = withAlerts(emptyBoard, parsed(alertsBody([alertBody])), 5);
    const board = withMalformed(known, 'alerts');
    expect(board).toMatchObject({ malformed: 'alerts', alerts: { heardAt: 5, value: { firing: [{ name: 'ServiceDown' }] } } });
    expect(withAlerts(board, parsed(alertsBody()), 6)).toMatchObject({ malformed: null, alerts: { value: { firing: [] } } });
    expect(withAlerts(withMalformed(known, 'time'), parsed(alertsBody()), 6).malformed).toBe('time');
  });
});

describe('what is shown of the alerts', () => {
  test.each([
    [alertsBody(), 'quiet', 'none firing', 'No alerts firing · monitoring heard 12 s ago', false],
    [alertsBody([alertBody]), 'critical', '1 firing', '1 alert firing · monitoring heard 12 s ago', false],
    [alertsBody([warningBody, alertBody]), 'critical', '2 firing', '2 alerts firing · monitoring heard 12 s ago', false],
    [alertsBody([warningBody]), 'warning', '1 firing', '1 alert firing · monitoring heard 12 s ago', false],
    [
      silentBody(),
      'silent',
      'silent',
      'Monitoring has been silent for 4 min: nobody is watching, and no alert would be seen here.',
      true,
    ],
    [silentBody([alertBody]), 'critical', '1 firing', 'Monitoring has been silent for 4 min: what follows may be incomplete.', true],
    [unheardBody, 'unheard', 'unheard', 'Monitoring has not been heard yet.', false],
    [
      { ...unheardBody, firing: [alertBody] },
      'critical',
      '1 firing',
      '1 alert firing · monitoring has not been heard yet',
      false,
    ],
  ])('%j is called %s, %s', (body, state, label, explanation, unwatched) => {
    expect(view(body)).toMatchObject({ state, label, explanation, unwatched, dimmed: false, age: null });
  });

  test('ages between two events', () => {
    const later = view(alertsBody([alertBody]), 10_000);
    expect(later.explanation).toBe('1 alert firing · monitoring heard 22 s ago');
    expect(later.firing).toMatchObject([{ since: 'for 2 min 10 s, since' }]);
    expect(view(silentBody(), 60_000).explanation).toContain('silent for 5 min');
  });

  test('is grey as soon as the stream brings nothing, and promises nothing then', () => {
    const body = silentBody([alertBody]);
    expect(view(body, 3_000, 3_000).dimmed).toBe(false);
    expect(view(body, 9_000, 3_001)).toMatchObject({
      state: 'stale',
      label: 'stale',
      dimmed: true,
      unwatched: false,
      explanation: 'No news from the server.',
      age: 'last update 3 s ago',
      firing: [{ name: 'ServiceDown' }],
    });
  });

  test('links to the runbook on the same server, and never out of the web', () => {
    const links = [alertBody, { ...alertBody, runbook_url: 'javascript:alert(1)' }];
    expect(view(alertsBody(links)).firing.map((alert) => alert.runbook)).toEqual(['/runbook#servicedown', null]);
  });

  test('is nothing before the first event', () => {
    expect(viewAlerts(emptyBoard.alerts, 60_000, 60_000)).toMatchObject({ state: 'waiting', firing: [], dimmed: false });
  });

  test('says of a stale alert that it may be over', () => {
    expect(view(alertsBody([{ ...alertBody, stale: true }])).firing[0]?.stale).toContain('may be over');
    expect(view(alertsBody([alertBody])).firing[0]?.stale).toBeNull();
  });

  test('says of a resolved alert how long it lasted, and not how old it grows', () => {
    const shown = view(alertsBody([], [resolvedBody]), 60_000);
    expect(shown).toMatchObject({ state: 'quiet', resolvedLabel: 'Resolved recently (1)' });
    expect(shown.resolved).toMatchObject([{ severityLabel: 'resolved', since: 'lasted 2 min, until', dateTime: '2025-03-09T12:05:06Z' }]);
  });

  test('tells how many there was no room for', () => {
    expect(view({ ...alertsBody(), not_shown: 4 }).missing).toBe('At least 4 more alerts did not fit here.');
    expect(view(alertsBody()).missing).toBeNull();
  });

  test('is spoken of only where the monitoring was ever heard', () => {
    expect([alertsBody(), silentBody(), unheardBody].map((body) => view(body).spokenMonitoring)).toEqual([
      'heard',
      'silent',
      null,
    ]);
  });

  test('has words for what a rule does not say', () => {
    expect(view(alertsBody([{}])).firing).toMatchObject([
      { severityLabel: 'no severity', since: 'for N/A, since', at: 'N/A', runbook: null },
    ]);
  });
});
