// SPDX-License-Identifier: BSL-1.0
/** Writes the dashboard JSON files that Grafana loads. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dashboards, directory, fileOf, serialize } from './source/dashboards.ts';

mkdirSync(directory, { recursive: true });
for (const dashboard of dashboards) writeFileSync(fileOf(dashboard), serialize(dashboard));
