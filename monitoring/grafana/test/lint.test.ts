import { describe, expect, test } from 'vitest';
import { readBoards, type BoardJson, type PanelJson } from '../board-json.ts';
import { labelsOfRecorded, readCatalogue } from '../lint/catalogue.ts';
import { lint, rules, type Context } from '../lint/rules.ts';

const boards = readBoards();
const context: Context = { catalogue: readCatalogue(), uids: new Set(boards.map(({ uid }) => uid)) };

test.each(boards)('$uid keeps all rules', (board) => {
  expect(lint(board, context)).toEqual([]);
});

test('the labels of a recorded metric stand in its name', () => {
  expect(labelsOfRecorded('job_slo:error_budget_burn:rate1h')).toEqual(new Set(['job', 'slo']));
});

/** A copy of the overview, to be broken. */
function overview(): BoardJson {
  const found = boards.find(({ uid }) => uid === 'microservices-overview');
  if (found === undefined) throw new Error('no overview');
  return structuredClone(found);
}

function panel(board: BoardJson, title: string): PanelJson {
  const found = board.panels.find((each) => each.title === title);
  if (found === undefined) throw new Error(`no panel "${title}"`);
  return found;
}

const rateByService = 'Request Rate (req/s) by Service';

function asking(expr: string) {
  return (board: BoardJson) => {
    for (const target of panel(board, rateByService).targets ?? []) target.expr = expr;
  };
}

type Break = (board: BoardJson) => unknown;
const traffic = '{__name__=~".+_service_http_requests_total", job=~"$service", endpoint!~"/api/(alerts|faults)"}';

const cases: [rule: keyof typeof rules, what: string, broken: Break, told: RegExp][] = [
  ['identity', 'a uid with a blank', (b) => (b.uid = 'a b'), /uid "a b"/],
  ['identity', 'no title', (b) => (b.title = ''), /no title/],
  ['identity', 'no description', (b) => delete b.description, /no description/],
  ['identity', 'no tag', (b) => (b.tags = []), /lacks the tag/],
  ['identity', 'an editable board', (b) => (b.editable = true), /editable/],
  ['identity', 'another schema', (b) => (b.schemaVersion = 16), /schemaVersion is 16/],
  ['identity', 'no shared crosshair', (b) => (b.graphTooltip = 0), /crosshair/],
  ['identity', 'no refresh', (b) => (b.refresh = ''), /refreshed/],
  ['identity', 'a fixed time', (b) => (b.time.from = '2026-01-01'), /time up to now/],
  ['unique', 'two panels of one id', (b) => (panel(b, rateByService).id = 2), /two panels have the id 2/],
  ['unique', 'no id', (b) => (panel(b, rateByService).id = 0), /has no id/],
  ['unique', 'two panels of one title', (b) => (panel(b, 'CPU').title = rateByService), /two panels have the title/],
  ['unique', 'a panel without title', (b) => (panel(b, 'CPU').title = ''), /has no title/],
  ['described', 'a panel without description', (b) => (panel(b, 'CPU').description = ''), /no description/],
  ['described', 'no unit', (b) => delete panel(b, 'CPU').fieldConfig?.defaults.unit, /no unit/],
  [
    'described',
    'a made-up unit',
    (b) => (panel(b, 'CPU').fieldConfig = { defaults: { unit: 'cores' } }),
    /no unit "cores"/,
  ],
  ['described', 'a panel without query', (b) => (panel(b, 'CPU').targets = []), /asks nothing/],
  [
    'described',
    'two queries of one refId',
    (b) => panel(b, 'CPU').targets?.push({ refId: 'A', expr: 'up' }),
    /asks A twice/,
  ],
  [
    'thresholds',
    'falling thresholds',
    (b) => panel(b, 'Error Share').fieldConfig?.defaults.thresholds?.steps.reverse(),
    /do not rise/,
  ],
  [
    'thresholds',
    'no first threshold',
    (b) => panel(b, 'Error Share').fieldConfig?.defaults.thresholds?.steps.shift(),
    /do not rise/,
  ],
  [
    'dataSource',
    'another data source of a panel',
    (b) => (panel(b, 'CPU').datasource = { uid: 'x', type: 'prometheus' }),
    /"CPU"/,
  ],
  ['dataSource', 'no data source of a query', (b) => delete panel(b, 'CPU').targets?.[0]?.datasource, /"CPU"/],
  ['dataSource', 'no data source of a variable', (b) => delete b.templating.list[0]?.datasource, /"\$service"/],
  ['dataSource', 'no data source of an annotation', (b) => delete b.annotations.list[0]?.datasource, /"Alerts"/],
  ['syntax', 'half an expression', asking('sum by (job) (up'), /not PromQL/],
  ['syntax', 'a variable that asks nothing', (b) => (b.templating.list[0]!.query.query = 'up'), /label_values/],
  ['syntax', 'an annotation that does not parse', (b) => (b.annotations.list[0]!.expr = 'ALERTS{'), /not PromQL/],
  ['intervals', 'a fixed rate', asking(`sum by (job) (rate(${traffic}[1m]))`), /rate over 1m/],
  [
    'intervals',
    'an increase over the range',
    asking(`sum by (job) (increase(${traffic}[$__range]))`),
    /increase over \$__range/,
  ],
  [
    'intervals',
    'a fixed window',
    asking('max_over_time(up{job=~"$service"}[5m])'),
    /max_over_time over the fixed window 5m/,
  ],
  ['intervals', 'the window of another board', asking('sum_over_time(up{job=~"$service"}[30d])'), /fixed window 30d/],
  ['metrics', 'a metric that is none', asking('cohort_server_conections'), /no metric is cohort_server_conections/],
  ['metrics', 'a pattern that selects nothing', asking('{__name__=~".+_requests_totl"}'), /no metric is/],
  ['metrics', 'a label that no metric has', asking('up{service="time"}'), /has no label service/],
  ['metrics', 'a grouping by what is not there', asking('sum by (upstream) (up)'), /there is no label upstream/],
  [
    'metrics',
    'a variable of a metric that is none',
    (b) => (b.templating.list[0]!.query.query = 'label_values(upp, job)'),
    /upp/,
  ],
  ['legends', 'a legend of a dropped label', asking('sum by (instance) (up)'), /names job/],
  ['legends', 'no legend', (b) => delete panel(b, 'CPU').targets?.[0]?.legendFormat, /no legend/],
  [
    'tables',
    'a column of a dropped label',
    (b) => (panel(b, 'Alerts Now').targets![0]!.expr = 'max by (job) (ALERTS)'),
    /no field alertname/,
  ],
  [
    'tables',
    'a label without a column',
    (b) => (panel(b, 'Alerts Now').targets![0]!.expr = 'max by (job, slo) (ALERTS)'),
    /no column for slo/,
  ],
  ['grid', 'one on the other', (b) => (panel(b, 'Average Response Time (ms)').gridPos.x = 6), /lies on/],
  ['grid', 'a hole', (b) => (panel(b, 'Average Response Time (ms)').gridPos.w = 6), /a hole in line 0/],
  [
    'grid',
    'over the edge',
    (b) => (panel(b, 'Average Response Time (ms)').gridPos.w = 13),
    /does not lie on the board/,
  ],
  ['grid', 'panels hidden in a row', (b) => (panel(b, 'Saturation').panels = [panel(b, 'CPU')]), /hides panels/],
  [
    'variables',
    'one that is used by nothing',
    (b) => b.templating.list.push({ ...b.templating.list[0]!, name: 'spare' }),
    /\$spare is used by no/,
  ],
  ['variables', 'one that is not defined', asking('up{job=~"$job"}'), /\$job is not defined/],
  ['variables', 'one that is defined twice', (b) => b.templating.list.push(b.templating.list[0]!), /defined twice/],
  ['variables', 'one without a value for All', (b) => delete b.templating.list[0]!.allValue, /no value for All/],
  ['links', 'a link to nowhere', (b) => (b.links![0]!.url = '/d/gone'), /gone, which is no board/],
  ['links', 'no link to another board', (b) => b.links!.shift(), /no link leads to slo/],
  ['links', 'a link to itself', (b) => (b.links![0]!.url = '/d/microservices-overview'), /the board itself/],
  [
    'usersTraffic',
    'all traffic',
    asking('sum by (job) (rate(time_service_http_requests_total[$__rate_interval]))'),
    /operators' calls/,
  ],
  [
    'exemplars',
    'latency without exemplars',
    (b) => panel(b, 'Latency p99 by Route').targets?.forEach((t) => (t.exemplar = false)),
    /no exemplars/,
  ],
  [
    'usersTraffic',
    'nothing but the operators',
    asking('sum by (job) (rate(time_service_http_requests_total{endpoint=~"/api/(alerts|faults)"}[$__rate_interval]))'),
    /operators' calls/,
  ],
  ['annotations', 'none', (b) => (b.annotations.list = []), /shows no alerts/],
  ['annotations', 'two queries in one', (b) => (b.annotations.list[0]!.target!.expr = 'ALERTS'), /asks two things/],
  [
    'annotations',
    'no alerts',
    (b) => (b.annotations.list[0]!.expr = b.annotations.list[0]!.target!.expr = 'up'),
    /something else/,
  ],
];

describe('each rule tells what breaks it', () => {
  test.each(cases)('%s: %s', (rule, _what, broken, told) => {
    const board = overview();
    broken(board);
    expect(rules[rule](board, context).join('\n')).toMatch(told);
  });
});

test('no rule is without a case', () => {
  expect(Object.keys(rules).filter((rule) => !cases.some(([name]) => name === rule))).toEqual([]);
});
