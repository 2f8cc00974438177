import { expect, test } from 'vitest';
import { Announcer } from '../src/announcer.ts';

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
