// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import {
  dataSourceVariables,
  queryVariables,
  readDashboards,
  type DashboardJson,
  type PanelJson,
  type QueryVariableJson,
} from '../dashboard-json.ts';
import { labelsOfRecorded, readCatalog } from '../lint/catalog.ts';
import { lint, rules, type Context } from '../lint/rules.ts';

const dashboards = readDashboards();
const context: Context = { catalog: readCatalog(), uids: new Set(dashboards.map(({ uid }) => uid)) };

test.each(dashboards)('$uid has no lint problems', (dashboard) => {
  expect(lint(dashboard, context)).toEqual([]);
});

test('the labels of a recorded metric are derived from its name', () => {
  expect(labelsOfRecorded('job_slo:error_budget_burn:rate1h')).toEqual(new Set(['job', 'slo']));
});

/** A copy of the overview that a test case may modify. */
function copyOverview(): DashboardJson {
  const match = dashboards.find(({ uid }) => uid === 'microservices-overview');
  if (match === undefined) throw new Error('there is no overview');
  return structuredClone(match);
}

function panel(dashboard: DashboardJson, title: string): PanelJson {
  const match = dashboard.panels.find((candidate) => candidate.title === title);
  if (match === undefined) throw new Error(`no panel "${title}"`);
  return match;
}

const rateByService = 'Request Rate (req/s) by Service';

/** Replaces the queries of the first panel. */
function query(expr: string) {
  return (dashboard: DashboardJson) => {
    for (const target of panel(dashboard, rateByService).targets ?? []) target.expr = expr;
  };
}

type Mutation = (dashboard: DashboardJson) => unknown;
const requests = '{__name__=~".+_service_http_requests_total", job=~"$service", endpoint!~"/api/(alerts|faults)"}';

/** The `service` variable. */
function serviceVariable(dashboard: DashboardJson): QueryVariableJson {
  const [variable] = queryVariables(dashboard);
  if (variable === undefined) throw new Error('there is no query variable');
  return variable;
}

const cases: [rule: keyof typeof rules, defect: string, mutate: Mutation, message: RegExp][] = [
  ['identity', 'a uid with a space', (b) => (b.uid = 'a b'), /invalid uid "a b"/],
  ['identity', 'no title', (b) => (b.title = ''), /no title/],
  ['identity', 'no description', (b) => delete b.description, /no description/],
  ['identity', 'no tag', (b) => (b.tags = []), /tag "cohort" is missing/],
  ['identity', 'an editable dashboard', (b) => (b.editable = true), /editable/],
  ['identity', 'an unsupported schema version', (b) => (b.schemaVersion = 16), /schemaVersion is 16/],
  ['identity', 'no shared crosshair', (b) => (b.graphTooltip = 0), /crosshair/],
  ['identity', 'no refresh', (b) => (b.refresh = ''), /invalid refresh interval/],
  ['identity', 'a fixed time range', (b) => (b.time.from = '2026-01-01'), /does not end now/],
  ['unique', 'a duplicate panel id', (b) => (panel(b, rateByService).id = 2), /duplicate panel id 2/],
  ['unique', 'no id', (b) => (panel(b, rateByService).id = 0), /has no id/],
  ['unique', 'a duplicate panel title', (b) => (panel(b, 'CPU').title = rateByService), /duplicate panel title/],
  ['unique', 'a panel without title', (b) => (panel(b, 'CPU').title = ''), /has no title/],
  ['requiredFields', 'a panel without description', (b) => (panel(b, 'CPU').description = ''), /no description/],
  ['requiredFields', 'no unit', (b) => delete panel(b, 'CPU').fieldConfig?.defaults.unit, /no unit/],
  [
    'requiredFields',
    'an unknown unit',
    (b) => (panel(b, 'CPU').fieldConfig = { defaults: { unit: 'cores' } }),
    /unknown unit "cores"/,
  ],
  ['requiredFields', 'a panel without query', (b) => (panel(b, 'CPU').targets = []), /has no query/],
  [
    'requiredFields',
    'a duplicate refId',
    (b) => panel(b, 'CPU').targets?.push({ refId: 'A', expr: 'up' }),
    /duplicate query A/,
  ],
  [
    'thresholds',
    'descending thresholds',
    (b) => panel(b, 'Error Ratio').fieldConfig?.defaults.thresholds?.steps.reverse(),
    /do not ascend/,
  ],
  [
    'thresholds',
    'no base threshold',
    (b) => panel(b, 'Error Ratio').fieldConfig?.defaults.thresholds?.steps.shift(),
    /do not ascend/,
  ],
  [
    'dataSource',
    'a fixed data source of a panel',
    (b) => (panel(b, 'CPU').datasource = { uid: 'prometheus', type: 'prometheus' }),
    /"CPU"/,
  ],
  ['dataSource', 'no data source of a query', (b) => delete panel(b, 'CPU').targets?.[0]?.datasource, /"CPU"/],
  ['dataSource', 'no data source of a variable', (b) => delete serviceVariable(b).datasource, /"\$service"/],
  ['dataSource', 'no data source of an annotation', (b) => delete b.annotations.list[0]?.datasource, /"Alerts"/],
  ['dataSource', 'no data source variable', (b) => b.templating.list.shift(), /no data source variable/],
  [
    'dataSource',
    'two data source variables',
    (b) => b.templating.list.push(dataSourceVariables(b)[0]!),
    /several data source variables/,
  ],
  ['dataSource', 'a data source variable after its use', (b) => b.templating.list.reverse(), /is not the first/],
  [
    'dataSource',
    'a data source variable of a wrong type',
    (b) => (dataSourceVariables(b)[0]!.query = 'loki'),
    /selects data sources of type "loki"/,
  ],
  [
    'dataSource',
    'a fixed value of the data source variable',
    (b) => (dataSourceVariables(b)[0]!.current = { value: 'prometheus' }),
    /does not select the default data source/,
  ],
  ['syntax', 'an incomplete expression', query('sum by (job) (up'), /PromQL syntax error/],
  ['syntax', 'an unsupported variable query', (b) => (serviceVariable(b).query.query = 'up'), /label_values/],
  ['syntax', 'an invalid annotation query', (b) => (b.annotations.list[0]!.expr = 'ALERTS{'), /PromQL syntax error/],
  ['intervals', 'a rate over a fixed interval', query(`sum by (job) (rate(${requests}[1m]))`), /rate over 1m/],
  [
    'intervals',
    'an increase over the time range',
    query(`sum by (job) (increase(${requests}[$__range]))`),
    /increase over \$__range/,
  ],
  [
    'intervals',
    'a fixed window',
    query('max_over_time(up{job=~"$service"}[5m])'),
    /max_over_time over the fixed window 5m/,
  ],
  ['intervals', 'a fixed window that is allowed only in another dashboard', query('sum_over_time(up{job=~"$service"}[30d])'), /fixed window 30d/],
  ['metrics', 'an unknown metric', query('cohort_server_conections'), /no metric matches cohort_server_conections/],
  ['metrics', 'a pattern without matches', query('{__name__=~".+_requests_totl"}'), /no metric matches/],
  ['metrics', 'an unknown label in a matcher', query('up{service="time"}'), /has no label service/],
  ['metrics', 'an unknown label in a grouping', query('sum by (upstream) (up)'), /unknown label upstream/],
  [
    'metrics',
    'a variable query with an unknown metric',
    (b) => (serviceVariable(b).query.query = 'label_values(upp, job)'),
    /upp/,
  ],
  ['legends', 'a legend with a dropped label', query('sum by (instance) (up)'), /uses the label job/],
  ['legends', 'no legend', (b) => delete panel(b, 'CPU').targets?.[0]?.legendFormat, /no legend/],
  [
    'tables',
    'a column for a dropped label',
    (b) => (panel(b, 'Active Alerts').targets![0]!.expr = 'max by (job) (ALERTS)'),
    /missing field alertname/,
  ],
  [
    'tables',
    'a label without a column',
    (b) => (panel(b, 'Active Alerts').targets![0]!.expr = 'max by (job, slo) (ALERTS)'),
    /no column for the field slo/,
  ],
  ['grid', 'overlapping panels', (b) => (panel(b, 'Average Response Time (ms)').gridPos.x = 6), /overlaps/],
  ['grid', 'a gap', (b) => (panel(b, 'Average Response Time (ms)').gridPos.w = 6), /gap in grid row 0/],
  [
    'grid',
    'a panel outside the grid',
    (b) => (panel(b, 'Average Response Time (ms)').gridPos.w = 13),
    /outside the grid/,
  ],
  ['grid', 'a collapsed row', (b) => (panel(b, 'Saturation').panels = [panel(b, 'CPU')]), /is collapsed/],
  [
    'variables',
    'an unused variable',
    (b) => b.templating.list.push({ ...serviceVariable(b), name: 'spare' }),
    /\$spare is not used/,
  ],
  ['variables', 'an undefined variable', query('up{job=~"$job"}'), /\$job is not defined/],
  ['variables', 'a duplicate variable', (b) => b.templating.list.push(serviceVariable(b)), /defined twice/],
  ['variables', 'a variable without a value for "All"', (b) => delete serviceVariable(b).allValue, /no value for "All"/],
  ['links', 'a link to an unknown dashboard', (b) => (b.links![0]!.url = '/d/gone'), /unknown dashboard gone/],
  ['links', 'no link to another dashboard', (b) => b.links!.shift(), /no link points to slo/],
  ['links', 'a link to the dashboard itself', (b) => (b.links![0]!.url = '/d/microservices-overview'), /to the dashboard itself/],
  [
    'userTraffic',
    'a query that includes operator requests',
    query('sum by (job) (rate(time_service_http_requests_total[$__rate_interval]))'),
    /includes requests to/,
  ],
  [
    'exemplars',
    'latency without exemplars',
    (b) => panel(b, 'Latency p99 by Route').targets?.forEach((target) => (target.exemplar = false)),
    /does not show exemplars/,
  ],
  [
    'userTraffic',
    'a query of only operator requests',
    query('sum by (job) (rate(time_service_http_requests_total{endpoint=~"/api/(alerts|faults)"}[$__rate_interval]))'),
    /includes requests to/,
  ],
  ['annotations', 'no annotations', (b) => (b.annotations.list = []), /no alert annotations/],
  ['annotations', 'two different queries', (b) => (b.annotations.list[0]!.target!.expr = 'ALERTS'), /two different queries/],
  [
    'annotations',
    'a query that does not select alerts',
    (b) => (b.annotations.list[0]!.expr = b.annotations.list[0]!.target!.expr = 'up'),
    /does not select firing alerts/,
  ],
];

describe('each rule reports its defect', () => {
  test.each(cases)('%s: %s', (rule, _defect, mutate, message) => {
    const dashboard = copyOverview();
    mutate(dashboard);
    expect(rules[rule](dashboard, context).join('\n')).toMatch(message);
  });
});

test('every rule has at least one case', () => {
  expect(Object.keys(rules).filter((rule) => !cases.some(([name]) => name === rule))).toEqual([]);
});
