/** A board out of panels: where they stand, and what all boards have in common. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { prometheus } from './panel.ts';

export interface Section {
  /** Without a title: the panels that a board begins with. */
  title?: string;
  /** Of the row's own panel; see `Spec.id`. */
  id?: number;
  panels: dashboard.Panel[];
}

export interface BoardSpec {
  uid: string;
  title: string;
  description: string;
  refresh: string;
  from: string;
  variables: dashboard.VariableModel[];
  /** Selects, by their labels, the alerts that are drawn into all panels of the board. */
  alerts: string;
  sections: Section[];
}

const columns = 24;
const tag = 'cohort';

export const boardTitles = {
  'microservices-overview': 'Microservices Overview Dashboard',
  slo: 'Service Level Objectives',
  runtime: 'Runtime',
  loadgen: 'Load Generator',
} as const;

/** From left to right, and on below what ended lowest. A line of panels fills the board's width with one height. */
export function layOut(sections: Section[]): (dashboard.Panel | dashboard.RowPanel)[] {
  const placed: (dashboard.Panel | dashboard.RowPanel)[] = [];
  let y = 0;
  for (const { title, id, panels } of sections) {
    if (title !== undefined) {
      const row = new dashboard.RowBuilder(title)
        .id(id ?? 0)
        .collapsed(false)
        .gridPos({ x: 0, y, w: columns, h: 1 });
      placed.push(row.build());
      y += 1;
    }
    let x = 0;
    for (const panel of panels) {
      const { w = 0, h = 0 } = panel.gridPos ?? {};
      if (x + w > columns) throw new Error(`"${panel.title}" does not fit beside what is left of it`);
      placed.push({ ...panel, gridPos: { x, y, w, h } });
      x += w;
      if (x === columns) {
        x = 0;
        y += h;
      }
    }
    if (x !== 0) throw new Error(`the last line of "${title ?? 'the first section'}" ends at column ${x}`);
  }
  return placed;
}

interface VariableSpec {
  name: string;
  label: string;
  description: string;
  /** A query of Grafana's for Prometheus, such as `label_values(up, job)`. */
  query: string;
  /** The regular expression that "All" stands for. */
  all: string;
}

export function variable(spec: VariableSpec): dashboard.VariableModel {
  return (
    new dashboard.QueryVariableBuilder(spec.name)
      .label(spec.label)
      .description(spec.description)
      .datasource(prometheus)
      // 1 is "label values" in Grafana's editor.
      .query({ qryType: 1, query: spec.query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      .sort(dashboard.VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
      .allValue(spec.all)
      .current({ selected: true, text: ['All'], value: ['$__all'] })
      .build()
  );
}

export const serviceVariable = variable({
  name: 'service',
  label: 'Service',
  description: 'Services by their Prometheus job. A new one whose job ends in -service appears here by itself.',
  query: 'label_values(up{job=~".+-service"}, job)',
  all: '.+-service',
});

export const instanceVariable = variable({
  name: 'instance',
  label: 'Instance',
  description: 'Copies of the chosen services.',
  query: 'label_values(up{job=~"$service"}, instance)',
  all: '.+',
});

/** What the SDK's type leaves out of annotations from Prometheus. */
interface AlertAnnotation extends Omit<dashboard.AnnotationQuery, 'target'> {
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
  target: { refId: string; expr: string; interval: string };
}

/** Grafana has read the query from `expr`, and reads it from `target` now; it is in both. */
function alertAnnotation(matchers: string): AlertAnnotation {
  const expr = `ALERTS{alertstate="firing", severity=~"critical|warning", ${matchers}}`;
  return {
    name: 'Alerts',
    datasource: prometheus,
    enable: true,
    hide: false,
    iconColor: 'red',
    expr,
    target: { refId: 'Anno', expr, interval: '' },
    titleFormat: '{{alertname}}',
    textFormat: '{{job}}',
    tagKeys: 'severity,job',
    useValueForTime: false,
  };
}

function link(title: string, url: string, tooltip: string): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder(title).type(dashboard.DashboardLinkType.Link).url(url).tooltip(tooltip);
}

function linksFrom(uid: string): dashboard.DashboardLinkBuilder[] {
  const others = Object.entries(boardTitles).filter(([other]) => other !== uid);
  return [
    ...others.map(([other, title]) =>
      link(title, `/d/${other}`, `The board "${title}", for the same time`)
        .icon('dashboard')
        .keepTime(true)
        .includeVars(true),
    ),
    link('Runbook', 'http://localhost:5000/runbook', 'What to do when an alert fires').icon('doc').targetBlank(true),
  ];
}

export function board(spec: BoardSpec): dashboard.Dashboard {
  const made = new dashboard.DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([tag])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .timezone('browser')
    .time({ from: spec.from, to: 'now' })
    .timepicker(new dashboard.TimePickerBuilder().refreshIntervals(['5s', '10s', '30s', '1m', '5m']))
    .refresh(spec.refresh)
    .links(linksFrom(spec.uid))
    .build();
  made.panels = layOut(spec.sections);
  made.templating = { list: spec.variables };
  made.annotations = { list: [alertAnnotation(spec.alerts)] as unknown as dashboard.AnnotationQuery[] };
  return made;
}
