// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { parseAlertsEvent } from '../../src/alerts/alerts.ts';
import { AlertAnnouncer, Announcer } from '../../src/alerts/announcer.ts';
import { alertBody, alertsBody, warningBody } from '../samples/bodies.ts';

const weather = (state: string | null) => [{ name: 'Weather', state, expected: 'fresh' }];

test('announces changes only', () => {
  const announcer = new Announcer();
  expect(announcer.changes(weather('timeout'))).toBe('Weather: timeout.');
  expect(announcer.changes(weather('timeout'))).toBe('');
  expect(announcer.changes(weather('fresh'))).toBe('Weather: fresh.');
});

test('does not announce an expected first state', () => {
  expect(new Announcer().changes(weather('fresh'))).toBe('');
});

test('skips transient states', () => {
  const announcer = new Announcer();
  announcer.changes(weather('timeout'));
  expect(announcer.changes(weather(null))).toBe('');
  expect(announcer.changes(weather('timeout'))).toBe('');
});

test('joins simultaneous changes', () => {
  const subjects = [...weather('shed'), { name: 'Time', state: 'open', expected: 'fresh' }];
  expect(new Announcer().changes(subjects)).toBe('Weather: shed. Time: open.');
});

const alerts = (firing: object[], resolved: object[] = []) => parseAlertsEvent(JSON.stringify(alertsBody(firing, resolved)));
const numbered = (count: number) => Array.from({ length: count }, (_, i) => ({ ...alertBody, fingerprint: `n${i}` }));

test('announces once that an alert fires, and once that it is resolved', () => {
  const announcer = new AlertAnnouncer();
  expect(announcer.changes(null)).toBe('');
  expect(announcer.changes(alerts([alertBody]))).toBe('Alert firing: ServiceDown, weather-service, critical.');
  expect(announcer.changes(alerts([{ ...alertBody, for_seconds: 130 }]))).toBe('');
  expect(announcer.changes(null)).toBe('');
  expect(announcer.changes(alerts([warningBody], [alertBody]))).toBe(
    'Alert firing: LowCacheHitRate, weather-service, warning. Alert resolved: ServiceDown, weather-service, critical.',
  );
  expect(announcer.changes(alerts([warningBody], [alertBody]))).toBe('');
});

test('does not announce a missing alert as resolved', () => {
  const announcer = new AlertAnnouncer();
  announcer.changes(alerts([alertBody]));
  expect(announcer.changes(alerts([]))).toBe('Alert no longer reported: ServiceDown, weather-service, critical.');
});

test('announces only the number of many alerts', () => {
  const announcer = new AlertAnnouncer();
  expect(announcer.changes(alerts(numbered(3))).match(/Alert firing/g)).toHaveLength(3);
  expect(announcer.changes(alerts(numbered(7)))).toBe('4 alerts firing.');
  expect(announcer.changes(alerts([], numbered(7)))).toBe('7 alerts resolved.');
});

test('omits missing fields', () => {
  const announcer = new AlertAnnouncer();
  expect(announcer.changes(alerts([{ ...alertBody, service: null, severity: null }]))).toBe('Alert firing: ServiceDown.');
});
