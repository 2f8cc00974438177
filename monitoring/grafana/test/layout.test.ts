import { expect, test } from 'vitest';
import { layOut } from '../source/board.ts';

const panel = (w: number, h = 8) => ({ type: 'stat', title: 'one', gridPos: { x: 0, y: 0, w, h } });
const places = (sections: Parameters<typeof layOut>[0]) => layOut(sections).map(({ gridPos }) => gridPos);

test('panels go from left to right, and on in the next line', () => {
  expect(places([{ panels: [panel(12), panel(12), panel(24, 4)] }])).toEqual([
    { x: 0, y: 0, w: 12, h: 8 },
    { x: 12, y: 0, w: 12, h: 8 },
    { x: 0, y: 8, w: 24, h: 4 },
  ]);
});

test('a titled section has a row above it', () => {
  expect(places([{ panels: [panel(24)] }, { title: 'More', id: 9, panels: [panel(24)] }])).toEqual([
    { x: 0, y: 0, w: 24, h: 8 },
    { x: 0, y: 8, w: 24, h: 1 },
    { x: 0, y: 9, w: 24, h: 8 },
  ]);
});

test('a line that is too long, or that leaves a hole, is an error', () => {
  expect(() => layOut([{ panels: [panel(12), panel(13)] }])).toThrow('does not fit');
  expect(() => layOut([{ title: 'Short', panels: [panel(12)] }])).toThrow('"Short" ends at column 12');
});
