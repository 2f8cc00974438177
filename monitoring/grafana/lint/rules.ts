// SPDX-License-Identifier: BSL-1.0
/** Lint rules for dashboard JSON. Each rule returns one message per problem. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { variablesIn } from '../check/substitute.ts';
import {
  dataSourceVariables,
  queryVariables,
  type DashboardJson,
  type PanelJson,
  type TargetJson,
} from '../dashboard-json.ts';
import { analyzeExpression, type Catalog } from './promql.ts';

export interface Context {
  catalog: Catalog;
  uids: ReadonlySet<string>;
}

export type Rule = (dashboard: DashboardJson, context: Context) => string[];

/** The schema of Grafana 11.6. */
const schemaVersion = 41;
const columns = 24;
const knownUnits = new Set<string>(Object.values(units));
const builtIns = new Set(['__rate_interval', '__interval', '__interval_ms', '__range', '__range_s', '__range_ms']);
const rateFunctions = new Set(['rate', 'irate', 'increase', 'delta', 'idelta', 'deriv']);

/** Durations that are allowed instead of the time range, because objectives have a fixed period. */
const fixedWindows = [{ uid: 'slo', function: 'sum_over_time', duration: '30d' }];

const rowType = 'row';
const panelsOf = (dashboard: DashboardJson) => dashboard.panels.filter(({ type }) => type !== rowType);

function panelRule(check: (panel: PanelJson, dashboard: DashboardJson) => string[]): Rule {
  return (dashboard) =>
    panelsOf(dashboard).flatMap((panel) => check(panel, dashboard).map((problem) => `"${panel.title}": ${problem}`));
}

function perTarget(
  check: (target: TargetJson, panel: PanelJson, dashboard: DashboardJson, context: Context) => string[],
): Rule {
  return (dashboard, context) =>
    panelsOf(dashboard).flatMap((panel) =>
      (panel.targets ?? []).flatMap((target) =>
        check(target, panel, dashboard, context).map((problem) => `"${panel.title}" ${target.refId}: ${problem}`),
      ),
    );
}

/** The strings in which a dashboard uses variables: queries and data source references. */
function textsWithVariables(dashboard: DashboardJson): string[] {
  return [
    ...panelsOf(dashboard).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...panelsOf(dashboard).map(({ datasource }) => datasource?.uid ?? ''),
    ...queryVariables(dashboard).map(({ query }) => query.query),
    ...dashboard.annotations.list.map(({ expr }) => expr),
  ];
}

function duplicates(values: (string | number)[]): (string | number)[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

const identity: Rule = (dashboard) => {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(dashboard.uid)) problems.push(`invalid uid "${dashboard.uid}"`);
  if (!dashboard.title) problems.push('the dashboard has no title');
  if (!dashboard.description) problems.push('the dashboard has no description');
  if (!dashboard.tags?.includes('cohort')) problems.push('the tag "cohort" is missing');
  if (dashboard.editable !== false) problems.push('the dashboard is marked as editable; provisioned dashboards are read-only');
  if (dashboard.schemaVersion !== schemaVersion)
    problems.push(`schemaVersion is ${dashboard.schemaVersion}, expected ${schemaVersion}`);
  if (dashboard.graphTooltip !== 1) problems.push('the panels do not share the crosshair');
  if (!/^\d+(s|m)$/.test(dashboard.refresh)) problems.push(`invalid refresh interval "${dashboard.refresh}"`);
  if (!/^now-\d+[mhd]$/.test(dashboard.time.from) || dashboard.time.to !== 'now')
    problems.push('the time range does not end now');
  return problems;
};

const unique: Rule = (dashboard) => [
  ...dashboard.panels.filter(({ id }) => !Number.isInteger(id) || id < 1).map(({ title }) => `"${title}" has no id`),
  ...duplicates(dashboard.panels.map(({ id }) => id)).map((id) => `duplicate panel id ${id}`),
  ...duplicates(dashboard.panels.map(({ title }) => title)).map((title) => `duplicate panel title "${title}"`),
  ...dashboard.panels.filter(({ title }) => !title).map(({ id }) => `panel ${id} has no title`),
];

const requiredFields = panelRule(({ description, fieldConfig, targets = [] }) => {
  const problems: string[] = [];
  if (!description) problems.push('has no description');
  const unit = fieldConfig?.defaults.unit;
  if (unit === undefined) problems.push('has no unit');
  else if (!knownUnits.has(unit)) problems.push(`has an unknown unit "${unit}"`);
  if (targets.length === 0) problems.push('has no query');
  for (const refId of duplicates(targets.map((target) => target.refId))) problems.push(`has a duplicate query ${refId}`);
  return problems;
});

const thresholds = panelRule(({ fieldConfig }) => {
  const steps = fieldConfig?.defaults.thresholds?.steps;
  if (steps === undefined) return [];
  const values = steps.map(({ value }) => value ?? -Infinity);
  const isAscending = values.every((value, index) => index === 0 || value > (values[index - 1] ?? Infinity));
  return steps[0]?.value === null && isAscending ? [] : ['has thresholds that do not ascend from null'];
});

/**
 * All queries use the data source that the variable selects, so that a dashboard works with a data source of any uid.
 */
const dataSource: Rule = (dashboard) => {
  const [variable, ...others] = dataSourceVariables(dashboard);
  if (variable === undefined) return ['the dashboard has no data source variable'];
  const problems: string[] = [];
  if (others.length > 0) problems.push('the dashboard has several data source variables');
  if (dashboard.templating.list[0] !== variable) problems.push(`$${variable.name} is not the first variable`);
  if (variable.query !== 'prometheus') problems.push(`$${variable.name} selects data sources of type "${variable.query}"`);
  if (variable.current?.value !== 'default') problems.push(`$${variable.name} does not select the default data source`);
  const references = [
    ...panelsOf(dashboard).map(({ title, datasource }) => ({ title, datasource })),
    ...panelsOf(dashboard).flatMap(({ title, targets = [] }) => targets.map(({ datasource }) => ({ title, datasource }))),
    ...queryVariables(dashboard).map(({ name, datasource }) => ({ title: `$${name}`, datasource })),
    ...dashboard.annotations.list.map(({ name, datasource }) => ({ title: name, datasource })),
  ];
  const uid = `\${${variable.name}}`;
  const fixed = references.filter(({ datasource }) => datasource?.uid !== uid || datasource.type !== 'prometheus');
  return [...problems, ...fixed.map(({ title }) => `"${title}" does not use the data source ${uid}`)];
};

const syntax: Rule = (dashboard, { catalog }) => {
  const variables = queryVariables(dashboard).map(({ query }) => /^label_values\((.+), *\w+\)$/.exec(query.query)?.[1]);
  const panels = panelsOf(dashboard).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const expressions = [...panels, ...dashboard.annotations.list.map(({ expr }) => expr), ...variables];
  return expressions.flatMap((expr) => {
    if (expr === undefined) return ['a variable query is not of the form label_values(selector, label)'];
    return analyzeExpression(expr, catalog).syntaxErrors.map((problem) => `${expr}: ${problem}`);
  });
};

const intervals = perTarget(({ expr }, _panel, { uid }, { catalog }) =>
  analyzeExpression(expr, catalog).ranges.flatMap(({ function: name, duration }) => {
    if (rateFunctions.has(name)) {
      return duration === '$__rate_interval' ? [] : [`${name} over ${duration}, expected $__rate_interval`];
    }
    const allowed = fixedWindows.some(
      (window) => window.uid === uid && window.function === name && window.duration === duration,
    );
    return allowed || duration.startsWith('$') ? [] : [`${name} over the fixed window ${duration}`];
  }),
);

const metrics: Rule = (dashboard, { catalog }) => {
  const variables = queryVariables(dashboard).map(
    ({ query }) => /^label_values\((.+), *\w+\)$/.exec(query.query)?.[1] ?? '',
  );
  const panels = panelsOf(dashboard).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return [...panels, ...variables].flatMap((expr) => {
    const { selectors, unknownLabels } = analyzeExpression(expr, catalog);
    const unknownMetrics = selectors
      .filter((selector) => selector.metrics.length === 0)
      .map(({ text }) => `no metric matches ${text}`);
    const unmatchedLabels = selectors.flatMap(({ text, metrics: selected, matchers }) =>
      matchers
        .filter(({ label }) => label !== '__name__' && !selected.some((name) => has(catalog, name, label)))
        .map(({ label }) => `${text} has no label ${label}`),
    );
    return [
      ...unknownMetrics,
      ...unmatchedLabels,
      ...unknownLabels.map((label) => `${expr}: unknown label ${label}`),
    ];
  });
};

function has(catalog: Catalog, metric: string, label: string): boolean {
  const labels = catalog.get(metric);
  return labels === 'any' || (labels?.has(label) ?? false);
}

const legends = perTarget(({ expr, legendFormat, format }, { type }, _dashboard, { catalog }) => {
  if (format === 'table' || type === 'stat') return [];
  if (!legendFormat) return ['has no legend'];
  const { labels } = analyzeExpression(expr, catalog);
  const labelNames = [...legendFormat.matchAll(/\{\{ *(\w+) *\}\}/g)].map(([, name = '']) => name);
  return labels === 'any'
    ? []
    : labelNames
        .filter((name) => !labels.has(name))
        .map((name) => `the legend uses the label ${name}, which the query drops`);
});

const tables: Rule = (dashboard, { catalog }) =>
  panelsOf(dashboard).flatMap(({ title, targets = [], transformations = [] }) => {
    const organizeTransformation = transformations.find(({ id }) => id === 'organize');
    if (organizeTransformation === undefined) return [];
    const fields = targets.flatMap(({ expr, refId }) => {
      const { labels } = analyzeExpression(expr, catalog);
      return [...(labels === 'any' ? [] : labels), targets.length === 1 ? 'Value' : `Value #${refId}`];
    });
    const columnFields = Object.keys(organizeTransformation.options.renameByName);
    return [
      ...columnFields
        .filter((name) => !fields.includes(name))
        .map((name) => `"${title}" has a column for the missing field ${name}`),
      ...fields
        .filter((name) => !columnFields.includes(name))
        .map((name) => `"${title}" has no column for the field ${name}`),
    ];
  });

/** Panels do not overlap, leave no gaps and stay within the grid. */
const grid: Rule = (dashboard) => {
  const titleByCell = new Map<string, string>();
  const problems: string[] = [];
  let bottom = 0;
  for (const { title, gridPos, panels = [] } of dashboard.panels) {
    const { x, y, w, h } = gridPos;
    if (panels.length > 0) problems.push(`row "${title}" is collapsed: the rules do not check its panels`);
    if (w < 1 || h < 1 || x < 0 || y < 0 || x + w > columns) problems.push(`"${title}" is outside the grid`);
    bottom = Math.max(bottom, y + h);
    for (let row = y; row < y + h; row++) {
      for (let column = x; column < x + w; column++) {
        const other = titleByCell.get(`${column},${row}`);
        if (other !== undefined && other !== title) problems.push(`"${title}" overlaps "${other}"`);
        titleByCell.set(`${column},${row}`, title);
      }
    }
  }
  for (let row = 0; row < bottom; row++) {
    const free = Array.from({ length: columns }, (_, column) => column).filter(
      (column) => !titleByCell.has(`${column},${row}`),
    );
    if (free.length > 0) problems.push(`gap in grid row ${row}`);
  }
  return [...new Set(problems)];
};

const variables: Rule = (dashboard) => {
  const variableNames = dashboard.templating.list.map(({ name }) => name);
  const used = new Set(textsWithVariables(dashboard).flatMap(variablesIn));
  return [
    ...duplicates(variableNames).map((name) => `$${name} is defined twice`),
    ...variableNames.filter((name) => !used.has(name)).map((name) => `$${name} is not used by any query`),
    ...[...used]
      .filter((name) => !variableNames.includes(name) && !builtIns.has(name))
      .map((name) => `$${name} is not defined`),
    ...queryVariables(dashboard)
      .filter(({ allValue }) => !allValue)
      .map(({ name }) => `$${name} has no value for "All"`),
  ];
};

const links: Rule = (dashboard, { uids }) => {
  const paths = (dashboard.links ?? []).map(({ url }) => url ?? '').filter((url) => url.startsWith('/'));
  const targets = paths.map((url) => /^\/d\/([^/?]+)$/.exec(url)?.[1] ?? url);
  return [
    ...targets.filter((uid) => !uids.has(uid)).map((uid) => `a link points to an unknown dashboard ${uid}`),
    ...[...uids].filter((uid) => uid !== dashboard.uid && !targets.includes(uid)).map((uid) => `no link points to ${uid}`),
    ...targets.filter((uid) => uid === dashboard.uid).map(() => 'a link points to the dashboard itself'),
  ];
};

const trafficMetric = /_service_http_request(s_total|_duration_seconds_(bucket|sum|count))$/;

const userTraffic = perTarget(({ expr }, _panel, _dashboard, { catalog }) =>
  analyzeExpression(expr, catalog)
    .selectors.filter((selector) => selector.metrics.some((name) => trafficMetric.test(name)))
    .filter(
      ({ matchers }) =>
        !matchers.some(
          ({ label, operator, value }) => label === 'endpoint' && operator === '!~' && value === '/api/(alerts|faults)',
        ),
    )
    .map(({ text }) => `${text} includes requests to /api/alerts and /api/faults`),
);

/**
 * Server latency has exemplars, but client latency does not. Series of one panel share exemplars, so one query with
 * exemplars is sufficient.
 */
const exemplars = panelRule(({ type, targets = [] }) => {
  const latency = targets.some(({ expr }) => /_service_http_request_duration_seconds_bucket/.test(expr));
  return type === 'timeseries' && latency && !targets.some(({ exemplar }) => exemplar) ? ['does not show exemplars'] : [];
});

const annotations: Rule = (dashboard) =>
  dashboard.annotations.list.length === 0
    ? ['the dashboard has no alert annotations']
    : dashboard.annotations.list.flatMap(({ name, expr, target }) => [
        ...(expr === target?.expr ? [] : [`"${name}" has two different queries`]),
        ...(expr.startsWith('ALERTS{alertstate="firing"') ? [] : [`"${name}" does not select firing alerts`]),
      ]);

export const rules = {
  identity,
  unique,
  requiredFields,
  thresholds,
  dataSource,
  syntax,
  intervals,
  metrics,
  legends,
  tables,
  grid,
  variables,
  links,
  userTraffic,
  exemplars,
  annotations,
} satisfies Record<string, Rule>;

export function lint(dashboard: DashboardJson, context: Context): string[] {
  return Object.entries(rules).flatMap(([name, rule]) => rule(dashboard, context).map((problem) => `${name}: ${problem}`));
}
