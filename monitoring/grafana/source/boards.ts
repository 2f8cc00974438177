/** All boards, and the files that they are in. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { loadgen } from './loadgen.ts';
import { overview } from './overview.ts';
import { runtime } from './runtime.ts';
import { slo } from './slo.ts';

export const boards: Dashboard[] = [overview, slo, runtime, loadgen];

export const directory = new URL('../dashboards/', import.meta.url);

export const fileOf = (board: Dashboard) => new URL(`${board.uid}.json`, directory);

export const textOf = (board: Dashboard) => `${JSON.stringify(board, null, 2)}\n`;
