// SPDX-License-Identifier: BSL-1.0
/** All dashboards and their files. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { loadgen } from './loadgen.ts';
import { overview } from './overview.ts';
import { runtime } from './runtime.ts';
import { slo } from './slo.ts';

export const dashboards: Dashboard[] = [overview, slo, runtime, loadgen];

export const directory = new URL('../dashboards/', import.meta.url);

export const fileOf = (dashboard: Dashboard) => new URL(`${dashboard.uid}.json`, directory);

export const serialize = (dashboard: Dashboard) => `${JSON.stringify(dashboard, null, 2)}\n`;
