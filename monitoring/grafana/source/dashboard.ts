// SPDX-License-Identifier: BSL-1.0
/** Builds a dashboard from its panels: layout, and the settings that all dashboards share. */
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import { dataSource, dataSourceVariableName } from './panel.ts';

export interface Section {
  /** A section without a title has no row header. */
  title?: string;
  /** ID of the row header; see `PanelSpec.id`. */
  id?: number;
  panels: sdk.Panel[];
}

export interface DashboardSpec {
  uid: string;
  title: string;
  description: string;
  refresh: string;
  from: string;
  variables: sdk.VariableModel[];
  /** Label matchers of the alerts that are shown as annotations in all panels. */
  alertMatchers: string;
  sections: Section[];
}

const columns = 24;
const tag = 'cohort';

export const dashboardTitles = {
  'microservices-overview': 'Microservices Overview Dashboard',
  slo: 'Service Level Objectives',
  runtime: 'Runtime',
  loadgen: 'Load Generator',
} as const;

/** Places panels from left to right in lines. Throws unless each line fills the width of the dashboard exactly. */
export function layOut(sections: Section[]): (sdk.Panel | sdk.RowPanel)[] {
  const positionedPanels: (sdk.Panel | sdk.RowPanel)[] = [];
  let y = 0;
  for (const { title, id, panels } of sections) {
    if (title !== undefined) {
      const row = new sdk.RowBuilder(title)
        .id(id ?? 0)
        .collapsed(false)
        .gridPos({ x: 0, y, w: columns, h: 1 });
      positionedPanels.push(row.build());
      y += 1;
    }
    let x = 0;
    for (const panel of panels) {
      const { w = 0, h = 0 } = panel.gridPos ?? {};
      if (x + w > columns) throw new Error(`"${panel.title}" exceeds the width of ${columns} columns at column ${x}`);
      positionedPanels.push({ ...panel, gridPos: { x, y, w, h } });
      x += w;
      if (x === columns) {
        x = 0;
        y += h;
      }
    }
    if (x !== 0) throw new Error(`the last line of "${title ?? 'the first section'}" ends at column ${x} of ${columns}`);
  }
  return positionedPanels;
}

interface VariableSpec {
  name: string;
  label: string;
  description: string;
  /** A variable query in Grafana's syntax, such as `label_values(up, job)`. */
  query: string;
  /** The regular expression that "All" expands to. */
  allValue: string;
}

export function queryVariable(spec: VariableSpec): sdk.VariableModel {
  return (
    new sdk.QueryVariableBuilder(spec.name)
      .label(spec.label)
      .description(spec.description)
      .datasource(dataSource)
      // Query type 1 is "label values" in the editor of Grafana.
      .query({ qryType: 1, query: spec.query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
      .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
      .sort(sdk.VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
      .allValue(spec.allValue)
      .current({ selected: true, text: ['All'], value: ['$__all'] })
      .build()
  );
}

/**
 * "default" selects the default data source of Grafana, so that the dashboards work with a data source of any name or
 * uid.
 */
const dataSourceVariable = new sdk.DatasourceVariableBuilder(dataSourceVariableName)
  .label('Data source')
  .description('The Prometheus data source of all panels.')
  .type('prometheus')
  .current({ selected: true, text: 'default', value: 'default' })
  .build();

export const serviceVariable = queryVariable({
  name: 'service',
  label: 'Service',
  description: 'Services by Prometheus job. A new job whose name ends in -service is included automatically.',
  query: 'label_values(up{job=~".+-service"}, job)',
  allValue: '.+-service',
});

export const instanceVariable = queryVariable({
  name: 'instance',
  label: 'Instance',
  description: 'Replicas of the selected services.',
  query: 'label_values(up{job=~"$service"}, instance)',
  allValue: '.+',
});

/** Adds the fields of Prometheus annotations that the type of the SDK lacks. */
interface AlertAnnotation extends Omit<sdk.AnnotationQuery, 'target'> {
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
  target: { refId: string; expr: string; interval: string };
}

/** Older versions of Grafana read the query from `expr`, newer ones from `target`. */
function alertAnnotation(matchers: string): AlertAnnotation {
  const expr = `ALERTS{alertstate="firing", severity=~"critical|warning", ${matchers}}`;
  return {
    name: 'Alerts',
    datasource: dataSource,
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

function link(title: string, url: string, tooltip: string): sdk.DashboardLinkBuilder {
  return new sdk.DashboardLinkBuilder(title).type(sdk.DashboardLinkType.Link).url(url).tooltip(tooltip);
}

function linksOf(uid: string): sdk.DashboardLinkBuilder[] {
  const otherDashboards = Object.entries(dashboardTitles).filter(([other]) => other !== uid);
  return [
    ...otherDashboards.map(([other, title]) =>
      link(title, `/d/${other}`, `Dashboard "${title}" with the same time range`)
        .icon('dashboard')
        .keepTime(true)
        .includeVars(true),
    ),
    link('Runbook', 'http://localhost:5000/runbook', 'Runbook: the response to each alert').icon('doc').targetBlank(true),
  ];
}

export function buildDashboard(spec: DashboardSpec): sdk.Dashboard {
  const result = new sdk.DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([tag])
    .readonly()
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .timezone('browser')
    .time({ from: spec.from, to: 'now' })
    .timepicker(new sdk.TimePickerBuilder().refreshIntervals(['5s', '10s', '30s', '1m', '5m']))
    .refresh(spec.refresh)
    .links(linksOf(spec.uid))
    .build();
  result.panels = layOut(spec.sections);
  result.templating = { list: [dataSourceVariable, ...spec.variables] };
  result.annotations = { list: [alertAnnotation(spec.alertMatchers)] as unknown as sdk.AnnotationQuery[] };
  return result;
}
