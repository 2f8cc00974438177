// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { parseInitial } from '../src/initial.ts';

test('the events in the HTML have the format of the stream', () => {
  expect(parseInitial('[["part",{"poll":0}],["request",{"calls":[]}]]')).toEqual([
    { name: 'part', data: '{"poll":0}' },
    { name: 'request', data: '{"calls":[]}' },
  ]);
});

test.each(['', 'no JSON', '{}', '[1, null, [], ["unknown", {}], ["part"]]', null])('invalid content is ignored: %s', (text) => {
  expect(parseInitial(text).filter(({ data }) => data !== '')).toEqual([]);
});
