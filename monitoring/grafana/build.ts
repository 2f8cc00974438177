/** Writes the boards' JSON, from which Grafana reads them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { boards, directory, fileOf, textOf } from './source/boards.ts';

mkdirSync(directory, { recursive: true });
for (const board of boards) writeFileSync(fileOf(board), textOf(board));
