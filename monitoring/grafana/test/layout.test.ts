// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { layOut } from '../source/dashboard.ts';

const panel = (w: number, h = 8) => ({ type: 'stat', title: 'one', gridPos: { x: 0, y: 0, w, h } });
const positions = (sections: Parameters<typeof layOut>[0]) => layOut(sections).map(({ gridPos }) => gridPos);

test('panels are placed from left to right and continue on the next line', () => {
  expect(positions([{ panels: [panel(12), panel(12), panel(24, 4)] }])).toEqual([
    { x: 0, y: 0, w: 12, h: 8 },
    { x: 12, y: 0, w: 12, h: 8 },
    { x: 0, y: 8, w: 24, h: 4 },
  ]);
});

test('a section with a title starts with a row header', () => {
  expect(positions([{ panels: [panel(24)] }, { title: 'More', id: 9, panels: [panel(24)] }])).toEqual([
    { x: 0, y: 0, w: 24, h: 8 },
    { x: 0, y: 8, w: 24, h: 1 },
    { x: 0, y: 9, w: 24, h: 8 },
  ]);
});

test('a line that exceeds the grid or leaves a gap is an error', () => {
  expect(() => layOut([{ panels: [panel(12), panel(13)] }])).toThrow('exceeds the width');
  expect(() => layOut([{ title: 'Short', panels: [panel(12)] }])).toThrow('"Short" ends at column 12');
});
