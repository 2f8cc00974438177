// SPDX-License-Identifier: BSL-1.0
/** Writes the rules for the Prometheus operator. */
import { writeFileSync } from 'node:fs';
import { prometheusRules, rulesFile } from './rules.ts';

writeFileSync(rulesFile, prometheusRules());
