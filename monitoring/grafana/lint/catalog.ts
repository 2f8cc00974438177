// SPDX-License-Identifier: BSL-1.0
/** The known metrics: scraped metrics from lint/metrics.json, recorded metrics from the rule files. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { scrapedLabels, type Catalog, type Labels } from './promql.ts';

interface RuleFile {
  groups: { rules: { record?: string; alert?: string }[] }[];
}

const rulesDirectory = new URL('../../prometheus/rules/', import.meta.url);

/** The file that list-metrics.ts writes. */
const scrapedMetricsFile = new URL('./metrics.json', import.meta.url);

/** A recorded metric is named labels:metric:operations, with the label names separated by _. */
export const labelsOfRecorded = (name: string): Labels => new Set(name.slice(0, name.indexOf(':')).split('_'));

export function readCatalog(): Catalog {
  const scrapedMetrics = JSON.parse(readFileSync(scrapedMetricsFile, 'utf8')) as Record<string, string[]>;
  const ruleFiles = readdirSync(rulesDirectory).filter((name) => name.endsWith('.yml'));
  const recordedMetrics = ruleFiles
    .map((name) => parse(readFileSync(new URL(name, rulesDirectory), 'utf8')) as RuleFile)
    .flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
    .flatMap(({ record }) => (record === undefined ? [] : [record]));
  return new Map<string, Labels>([
    ...Object.entries(scrapedMetrics).map(([name, labels]) => [name, scrapedLabels(labels)] as const),
    ...recordedMetrics.map((name) => [name, labelsOfRecorded(name)] as const),
    ['up', scrapedLabels([])],
    // The labels of these metrics are unknown, because they depend on the alerts.
    ['ALERTS', 'any'],
    ['ALERTS_FOR_STATE', 'any'],
  ]);
}
