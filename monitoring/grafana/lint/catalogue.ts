/** The metrics that exist: scraped ones from a checked-in list, recorded ones from the rules themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { scraped, type Catalogue, type Labels } from './promql.ts';

interface RuleFile {
  groups: { rules: { record?: string; alert?: string }[] }[];
}

const rulesDirectory = new URL('../../prometheus/rules/', import.meta.url);

/** Written by list-metrics.ts. */
const listed = new URL('./metrics.json', import.meta.url);

/** A recorded metric is named labels:metric:operations; the labels stand in its name, with _ between them. */
export const labelsOfRecorded = (name: string): Labels => new Set(name.slice(0, name.indexOf(':')).split('_'));

export function readCatalogue(): Catalogue {
  const metrics = JSON.parse(readFileSync(listed, 'utf8')) as Record<string, string[]>;
  const files = readdirSync(rulesDirectory).filter((name) => name.endsWith('.yml'));
  const recorded = files
    .map((name) => parse(readFileSync(new URL(name, rulesDirectory), 'utf8')) as RuleFile)
    .flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
    .flatMap(({ record }) => (record === undefined ? [] : [record]));
  return new Map<string, Labels>([
    ...Object.entries(metrics).map(([name, labels]) => [name, scraped(labels)] as const),
    ...recorded.map((name) => [name, labelsOfRecorded(name)] as const),
    ['up', scraped([])],
    // They have the labels of whatever alert there is.
    ['ALERTS', 'any'],
    ['ALERTS_FOR_STATE', 'any'],
  ]);
}
