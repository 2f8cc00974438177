/** What must hold of every board's JSON. Each rule gives a sentence for each thing that is wrong. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { variablesIn } from '../check/substitute.ts';
import type { BoardJson, PanelJson, TargetJson } from '../board-json.ts';
import { readExpression, type Catalogue } from './promql.ts';

export interface Context {
  catalogue: Catalogue;
  uids: ReadonlySet<string>;
}

export type Rule = (board: BoardJson, context: Context) => string[];

/** The schema of Grafana 11.6. */
const schemaVersion = 41;
const columns = 24;
const knownUnits = new Set<string>(Object.values(units));
const builtIns = new Set(['__rate_interval', '__interval', '__interval_ms', '__range', '__range_s', '__range_ms']);
const rates = new Set(['rate', 'irate', 'increase', 'delta', 'idelta', 'deriv']);

/** Objectives are about a fixed time, whatever the board shows. */
const fixedWindows = [{ uid: 'slo', of: 'sum_over_time', duration: '30d' }];

const rowType = 'row';
const shown = (board: BoardJson) => board.panels.filter(({ type }) => type !== rowType);

function perPanel(check: (panel: PanelJson, board: BoardJson) => string[]): Rule {
  return (board) =>
    shown(board).flatMap((panel) => check(panel, board).map((problem) => `"${panel.title}": ${problem}`));
}

function perTarget(
  check: (target: TargetJson, panel: PanelJson, board: BoardJson, context: Context) => string[],
): Rule {
  return (board, context) =>
    shown(board).flatMap((panel) =>
      (panel.targets ?? []).flatMap((target) =>
        check(target, panel, board, context).map((problem) => `"${panel.title}" ${target.refId}: ${problem}`),
      ),
    );
}

/** Every query with where it stands: of panels, variables and annotations. */
function texts(board: BoardJson): string[] {
  return [
    ...shown(board).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...board.templating.list.map(({ query }) => query.query),
    ...board.annotations.list.map(({ expr }) => expr),
  ];
}

function repeated(values: (string | number)[]): (string | number)[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

const identity: Rule = (board) => {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(board.uid)) problems.push(`the uid "${board.uid}" is none`);
  if (!board.title) problems.push('it has no title');
  if (!board.description) problems.push('it has no description');
  if (!board.tags?.includes('cohort')) problems.push('it lacks the tag "cohort"');
  if (board.editable !== false) problems.push('it looks editable, but what is provisioned is not');
  if (board.schemaVersion !== schemaVersion)
    problems.push(`schemaVersion is ${board.schemaVersion}, not ${schemaVersion}`);
  if (board.graphTooltip !== 1) problems.push('its panels do not share the crosshair');
  if (!/^\d+(s|m)$/.test(board.refresh)) problems.push(`it is refreshed every "${board.refresh}"`);
  if (!/^now-\d+[mhd]$/.test(board.time.from) || board.time.to !== 'now')
    problems.push('it does not show the time up to now');
  return problems;
};

const unique: Rule = (board) => [
  ...board.panels.filter(({ id }) => !Number.isInteger(id) || id < 1).map(({ title }) => `"${title}" has no id`),
  ...repeated(board.panels.map(({ id }) => id)).map((id) => `two panels have the id ${id}`),
  ...repeated(board.panels.map(({ title }) => title)).map((title) => `two panels have the title "${title}"`),
  ...board.panels.filter(({ title }) => !title).map(({ id }) => `panel ${id} has no title`),
];

const described = perPanel(({ description, fieldConfig, targets = [] }) => {
  const problems: string[] = [];
  if (!description) problems.push('has no description');
  const unit = fieldConfig?.defaults.unit;
  if (unit === undefined) problems.push('has no unit');
  else if (!knownUnits.has(unit)) problems.push(`Grafana knows no unit "${unit}"`);
  if (targets.length === 0) problems.push('asks nothing');
  for (const refId of repeated(targets.map((target) => target.refId))) problems.push(`asks ${refId} twice`);
  return problems;
});

const thresholds = perPanel(({ fieldConfig }) => {
  const steps = fieldConfig?.defaults.thresholds?.steps;
  if (steps === undefined) return [];
  const values = steps.map(({ value }) => value ?? -Infinity);
  const rising = values.every((value, index) => index === 0 || value > (values[index - 1] ?? Infinity));
  return steps[0]?.value === null && rising ? [] : ['thresholds do not rise from null'];
});

const dataSource: Rule = (board) => {
  const referring = [
    ...shown(board).map(({ title, datasource }) => ({ title, datasource })),
    ...shown(board).flatMap(({ title, targets = [] }) => targets.map(({ datasource }) => ({ title, datasource }))),
    ...board.templating.list.map(({ name, datasource }) => ({ title: `$${name}`, datasource })),
    ...board.annotations.list.map(({ name, datasource }) => ({ title: name, datasource })),
  ];
  return referring
    .filter(({ datasource }) => datasource?.uid !== 'prometheus' || datasource.type !== 'prometheus')
    .map(({ title }) => `"${title}" does not name the provisioned data source`);
};

const syntax: Rule = (board, { catalogue }) => {
  const variables = board.templating.list.map(({ query }) => /^label_values\((.+), *\w+\)$/.exec(query.query)?.[1]);
  const panels = shown(board).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const all = [...panels, ...board.annotations.list.map(({ expr }) => expr), ...variables];
  return all.flatMap((expr) => {
    if (expr === undefined) return ['a variable does not ask label_values(selector, label)'];
    return readExpression(expr, catalogue).syntaxErrors.map((problem) => `${expr}: ${problem}`);
  });
};

const intervals = perTarget(({ expr }, _panel, { uid }, { catalogue }) =>
  readExpression(expr, catalogue).ranges.flatMap(({ of, duration }) => {
    if (rates.has(of)) return duration === '$__rate_interval' ? [] : [`${of} over ${duration}, not $__rate_interval`];
    const allowed = fixedWindows.some((each) => each.uid === uid && each.of === of && each.duration === duration);
    return allowed || duration.startsWith('$') ? [] : [`${of} over the fixed window ${duration}`];
  }),
);

const metrics: Rule = (board, { catalogue }) => {
  const variables = board.templating.list.map(
    ({ query }) => /^label_values\((.+), *\w+\)$/.exec(query.query)?.[1] ?? '',
  );
  const panels = shown(board).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return [...panels, ...variables].flatMap((expr) => {
    const { selectors, strangeLabels } = readExpression(expr, catalogue);
    const unknown = selectors.filter((each) => each.metrics.length === 0).map(({ text }) => `no metric is ${text}`);
    const labels = selectors.flatMap(({ text, metrics: selected, matchers }) =>
      matchers
        .filter(({ label }) => label !== '__name__' && !selected.some((name) => has(catalogue, name, label)))
        .map(({ label }) => `${text} has no label ${label}`),
    );
    return [...unknown, ...labels, ...strangeLabels.map((label) => `${expr}: there is no label ${label}`)];
  });
};

function has(catalogue: Catalogue, metric: string, label: string): boolean {
  const labels = catalogue.get(metric);
  return labels === 'any' || (labels?.has(label) ?? false);
}

const legends = perTarget(({ expr, legendFormat, format }, { type }, _board, { catalogue }) => {
  if (format === 'table' || type === 'stat') return [];
  if (!legendFormat) return ['has no legend'];
  const { labels } = readExpression(expr, catalogue);
  const named = [...legendFormat.matchAll(/\{\{ *(\w+) *\}\}/g)].map(([, name = '']) => name);
  return labels === 'any'
    ? []
    : named.filter((name) => !labels.has(name)).map((name) => `its legend names ${name}, which the query drops`);
});

const tables: Rule = (board, { catalogue }) =>
  shown(board).flatMap(({ title, targets = [], transformations = [] }) => {
    const organize = transformations.find(({ id }) => id === 'organize');
    if (organize === undefined) return [];
    const fields = targets.flatMap(({ expr, refId }) => {
      const { labels } = readExpression(expr, catalogue);
      return [...(labels === 'any' ? [] : labels), targets.length === 1 ? 'Value' : `Value #${refId}`];
    });
    const named = Object.keys(organize.options.renameByName);
    return [
      ...named.filter((name) => !fields.includes(name)).map((name) => `"${title}" has no field ${name}`),
      ...fields.filter((name) => !named.includes(name)).map((name) => `"${title}" has no column for ${name}`),
    ];
  });

/** Each panel stands on the one above, or on a row, and lines fill the board's width. */
const grid: Rule = (board) => {
  const taken = new Map<string, string>();
  const problems: string[] = [];
  let bottom = 0;
  for (const { title, gridPos, panels = [] } of board.panels) {
    const { x, y, w, h } = gridPos;
    if (panels.length > 0) problems.push(`row "${title}" hides panels: no rule looks there`);
    if (w < 1 || h < 1 || x < 0 || y < 0 || x + w > columns) problems.push(`"${title}" does not lie on the board`);
    bottom = Math.max(bottom, y + h);
    for (let row = y; row < y + h; row++) {
      for (let column = x; column < x + w; column++) {
        const other = taken.get(`${column},${row}`);
        if (other !== undefined && other !== title) problems.push(`"${title}" lies on "${other}"`);
        taken.set(`${column},${row}`, title);
      }
    }
  }
  for (let row = 0; row < bottom; row++) {
    const free = Array.from({ length: columns }, (_, column) => column).filter(
      (column) => !taken.has(`${column},${row}`),
    );
    if (free.length > 0) problems.push(`there is a hole in line ${row}`);
  }
  return [...new Set(problems)];
};

const variables: Rule = (board) => {
  const defined = board.templating.list.map(({ name }) => name);
  const used = new Set(texts(board).flatMap(variablesIn));
  return [
    ...repeated(defined).map((name) => `$${name} is defined twice`),
    ...defined.filter((name) => !used.has(name)).map((name) => `$${name} is used by no query`),
    ...[...used]
      .filter((name) => !defined.includes(name) && !builtIns.has(name))
      .map((name) => `$${name} is not defined`),
    ...board.templating.list.filter(({ allValue }) => !allValue).map(({ name }) => `$${name} has no value for All`),
  ];
};

const links: Rule = (board, { uids }) => {
  const led = (board.links ?? []).map(({ url }) => url ?? '').filter((url) => url.startsWith('/'));
  const targets = led.map((url) => /^\/d\/([^/?]+)$/.exec(url)?.[1] ?? url);
  return [
    ...targets.filter((uid) => !uids.has(uid)).map((uid) => `a link leads to ${uid}, which is no board`),
    ...[...uids].filter((uid) => uid !== board.uid && !targets.includes(uid)).map((uid) => `no link leads to ${uid}`),
    ...targets.filter((uid) => uid === board.uid).map(() => 'a link leads to the board itself'),
  ];
};

const ofTraffic = /_service_http_request(s_total|_duration_seconds_(bucket|sum|count))$/;

const usersTraffic = perTarget(({ expr }, _panel, _board, { catalogue }) =>
  readExpression(expr, catalogue)
    .selectors.filter((each) => each.metrics.some((name) => ofTraffic.test(name)))
    .filter(
      ({ matchers }) =>
        !matchers.some(
          ({ label, operator, value }) => label === 'endpoint' && operator === '!~' && value === '/api/(alerts|faults)',
        ),
    )
    .map(({ text }) => `${text} counts operators' calls as traffic`),
);

/** The servers' own durations carry exemplars, those of their clients do not. Lines beside each other have the same, so one is enough. */
const exemplars = perPanel(({ type, targets = [] }) => {
  const latency = targets.some(({ expr }) => /_service_http_request_duration_seconds_bucket/.test(expr));
  return type === 'timeseries' && latency && !targets.some(({ exemplar }) => exemplar) ? ['shows no exemplars'] : [];
});

const annotations: Rule = (board) =>
  board.annotations.list.length === 0
    ? ['it shows no alerts']
    : board.annotations.list.flatMap(({ name, expr, target }) => [
        ...(expr === target?.expr ? [] : [`"${name}" asks two things`]),
        ...(expr.startsWith('ALERTS{alertstate="firing"') ? [] : [`"${name}" shows something else than firing alerts`]),
      ]);

export const rules = {
  identity,
  unique,
  described,
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
  usersTraffic,
  exemplars,
  annotations,
} satisfies Record<string, Rule>;

export function lint(board: BoardJson, context: Context): string[] {
  return Object.entries(rules).flatMap(([name, rule]) => rule(board, context).map((problem) => `${name}: ${problem}`));
}
