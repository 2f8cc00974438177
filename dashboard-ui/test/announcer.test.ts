import { expect, test } from 'vitest';
import { parseAlertsEvent } from '../src/alerts.ts';
import { AlertAnnouncer, Announcer } from '../src/announcer.ts';
import { alertBody, alertsBody, warningBody } from './bodies.ts';

const weather = (state: string | null) => [{ name: 'Weather', state, expected: 'fresh' }];

test('only changes are said', () => {
  const announcer = new Announcer();
  expect(announcer.changes(weather('timeout'))).toBe('Weather: timeout.');
  expect(announcer.changes(weather('timeout'))).toBe('');
  expect(announcer.changes(weather('fresh'))).toBe('Weather: fresh.');
});

test('a first state is no news when it is the expected one', () => {
  expect(new Announcer().changes(weather('fresh'))).toBe('');
});

test('a state on the way to another is passed over', () => {
  const announcer = new Announcer();
  announcer.changes(weather('timeout'));
  expect(announcer.changes(weather(null))).toBe('');
  expect(announcer.changes(weather('timeout'))).toBe('');
});

test('changes of one moment make one sentence after another', () => {
  const subjects = [...weather('shed'), { name: 'Time', state: 'open', expected: 'fresh' }];
  expect(new Announcer().changes(subjects)).toBe('Weather: shed. Time: open.');
});

const alerts = (firing: object[], resolved: object[] = []) => parseAlertsEvent(JSON.stringify(alertsBody(firing, resolved)));
const numbered = (count: number) => Array.from({ length: count }, (_, i) => ({ ...alertBody, fingerprint: `n${i}` }));

test('an alert is said when it fires, at first too, and when it is resolved; not in between', () => {
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

test('an alert that is only gone is not said to be resolved', () => {
  const announcer = new AlertAnnouncer();
  announcer.changes(alerts([alertBody]));
  expect(announcer.changes(alerts([]))).toBe('Alert no longer reported: ServiceDown, weather-service, critical.');
});

test('many alerts at once are a number', () => {
  const announcer = new AlertAnnouncer();
  expect(announcer.changes(alerts(numbered(3))).match(/Alert firing/g)).toHaveLength(3);
  expect(announcer.changes(alerts(numbered(7)))).toBe('4 alerts firing.');
  expect(announcer.changes(alerts([], numbered(7)))).toBe('7 alerts resolved.');
});

test('what was not said of an alert is left out', () => {
  const announcer = new AlertAnnouncer();
  expect(announcer.changes(alerts([{ ...alertBody, service: null, severity: null }]))).toBe('Alert firing: ServiceDown.');
});
