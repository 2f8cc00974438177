// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { parseAlertsEvent } from '../../src/alerts/alerts.ts';
import { AlertAnnouncer, Announcer } from '../../src/alerts/announcer.ts';
import { alertBody, alertsBody, warningBody } from '../samples/bodies.ts';

const weather = (state: string | null) => [{ name: 'Weather', state, expected: 'fresh' }];

test('the announcer announces only changes', () => {
  const announcer = new Announcer();
  expect(announcer.changes(weather('timeout'))).toBe('Weather: timeout.');
  expect(announcer.changes(weather('timeout'))).toBe('');
  expect(announcer.changes(weather('fresh'))).toBe('Weather: fresh.');
});

test('an expected first state is not announced', () => {
  expect(new Announcer().changes(weather('fresh'))).toBe('');
});

test('transient states are not announced', () => {
  const announcer = new Announcer();
  announcer.changes(weather('timeout'));
  expect(announcer.changes(weather(null))).toBe('');
  expect(announcer.changes(weather('timeout'))).toBe('');
});

test('simultaneous changes are announced together', () => {
  const subjects = [...weather('shed'), { name: 'Time', state: 'open', expected: 'fresh' }];
  expect(new Announcer().changes(subjects)).toBe('Weather: shed. Time: open.');
});

const alerts = (firing: object[], resolved: object[] = []) => parseAlertsEvent(JSON.stringify(alertsBody(firing, resolved)));
const numberedAlerts = (count: number) => Array.from({ length: count }, (_, i) => ({ ...alertBody, fingerprint: `n${i}` }));

test('the announcer announces once that an alert fires, and once that it is resolved', () => {
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

test('a missing alert is not announced as resolved', () => {
  const announcer = new AlertAnnouncer();
  announcer.changes(alerts([alertBody]));
  expect(announcer.changes(alerts([]))).toBe('Alert no longer reported: ServiceDown, weather-service, critical.');
});

test('only the number of many alerts is announced', () => {
  const announcer = new AlertAnnouncer();
  expect(announcer.changes(alerts(numberedAlerts(3))).match(/Alert firing/g)).toHaveLength(3);
  expect(announcer.changes(alerts(numberedAlerts(7)))).toBe('4 alerts firing.');
  expect(announcer.changes(alerts([], numberedAlerts(7)))).toBe('7 alerts resolved.');
});

test('missing fields of an alert are not announced', () => {
  const announcer = new AlertAnnouncer();
  expect(announcer.changes(alerts([{ ...alertBody, service: null, severity: null }]))).toBe('Alert firing: ServiceDown.');
});
