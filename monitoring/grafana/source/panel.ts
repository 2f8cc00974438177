/** Panels of the house: what all have in common is said here once. */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import {
  CellValuesBuilder,
  FilterValueRangeBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as ChartBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The provisioned one. There is no other to choose, so there is no variable for it. */
export const prometheus: dashboard.DataSourceRef = { type: 'prometheus', uid: 'prometheus' };

export interface Query {
  expr: string;
  legend?: string;
  /** Show single requests, with their trace ids, beside the line. */
  exemplar?: boolean;
}

/** Colours from a value on; the first begins at minus infinity. */
export interface Thresholds {
  base: string;
  steps: [from: number, color: string][];
}

export interface Spec {
  /** Never changed and never given to another panel: links to a single panel are made of it. */
  id: number;
  title: string;
  description: string;
  /** An id of Grafana's, from the SDK's `units`. */
  unit: string;
  /** In 24ths of the board. */
  width: number;
  height?: number;
  queries: Query[];
  thresholds?: Thresholds;
  decimals?: number;
  min?: number;
  max?: number;
}

export interface ChartSpec extends Spec {
  stacked?: boolean;
  /** Series by these names are limits: dashed, without area. */
  limits?: string;
}

export interface TimelineSpec extends Spec {
  states: [value: number, text: string, color: string][];
}

export interface TableSpec extends Omit<Spec, 'queries'> {
  queries: Query[];
  /** Columns from left to right: the field's name and its heading. Others are hidden. */
  columns: [field: string, heading: string][];
  hidden?: string[];
  sort?: string;
  /** Units of single columns, by heading. */
  units?: Record<string, string>;
}

export const warnAt = (yellow: number, red: number): Thresholds => ({
  base: 'green',
  steps: [
    [yellow, 'yellow'],
    [red, 'red'],
  ],
});
export const redFrom = (value: number): Thresholds => ({ base: 'green', steps: [[value, 'red']] });

function thresholdsOf({ base, steps }: Thresholds) {
  const all = [{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))];
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(all);
}

function target(query: Query, index: number): DataqueryBuilder {
  const made = new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(prometheus)
    .editorMode(QueryEditorMode.Code)
    .expr(query.expr);
  return query.legend === undefined ? made : made.legendFormat(query.legend);
}

const rangeTarget = (query: Query, index: number) =>
  target(query, index)
    .range()
    .exemplar(query.exemplar ?? false);

type AnyBuilder = ChartBuilder | StatBuilder | TimelineBuilder | TableBuilder | HeatmapBuilder;

function dress<Builder extends AnyBuilder>(builder: Builder, spec: Omit<Spec, 'queries'>): Builder {
  builder
    .id(spec.id)
    .title(spec.title)
    .description(spec.description)
    .datasource(prometheus)
    .unit(spec.unit)
    .gridPos({ x: 0, y: 0, w: spec.width, h: spec.height ?? 8 });
  if (spec.thresholds !== undefined) builder.thresholds(thresholdsOf(spec.thresholds));
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  if (spec.min !== undefined) builder.min(spec.min);
  if (spec.max !== undefined) builder.max(spec.max);
  return builder;
}

const tooltipOfAll = () =>
  new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending);

/** Lines over time. Thresholds are dashed lines. */
export function chart(spec: ChartSpec): dashboard.Panel {
  const made = dress(new ChartBuilder(), { min: 0, ...spec })
    .targets(spec.queries.map(rangeTarget))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName))
    .lineWidth(1)
    .fillOpacity(spec.stacked === true ? 40 : 8)
    .showPoints(common.VisibilityMode.Never)
    .tooltip(tooltipOfAll())
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'mean', 'max'])
        .sortBy('Max')
        .sortDesc(true),
    );
  if (spec.stacked === true)
    made.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  if (spec.thresholds !== undefined) {
    made.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
  }
  if (spec.limits !== undefined) {
    made.overrideByRegexp(spec.limits, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
  return made.build();
}

export interface StatSpec extends Spec {
  noValue?: string;
  /** The last value within the board's time, for what may be over by now; else that of now. */
  last?: boolean;
}

/** One number, or a few. */
export function stat(spec: StatSpec): dashboard.Panel {
  const made = dress(new StatBuilder(), { height: 4, ...spec })
    .targets(spec.queries.map(spec.last === true ? rangeTarget : (query, index) => target(query, index).instant()))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(spec.thresholds === undefined ? common.BigValueColorMode.None : common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(spec.queries.length > 1 ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Auto);
  return (spec.noValue === undefined ? made : made.noValue(spec.noValue)).build();
}

/** What state things were in over time, a line for each. */
export function timeline(spec: TimelineSpec): dashboard.Panel {
  const options = Object.fromEntries(
    spec.states.map(([value, text, color], index) => [String(value), { text, color, index }]),
  );
  return dress(new TimelineBuilder(), spec)
    .targets(spec.queries.map(rangeTarget))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
    .mappings([{ type: dashboard.MappingType.ValueToText, options }])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(80)
    .tooltip(tooltipOfAll())
    .legend(new common.VizLegendOptionsBuilder().showLegend(false).calcs([]))
    .build();
}

/** Labels and values of now. Several queries are joined by the labels that they share. */
export function table(spec: TableSpec): dashboard.Panel {
  const made = dress(new TableBuilder(), spec)
    .targets(spec.queries.map((query, index) => target(query, index).instant().format(PromQueryFormat.Table)))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(['Time', ...(spec.hidden ?? [])].map((name) => [name, true])),
        indexByName: Object.fromEntries(spec.columns.map(([name], index) => [name, index])),
        renameByName: Object.fromEntries(spec.columns),
      },
    });
  if (spec.sort !== undefined)
    made.sortBy([new common.TableSortByFieldStateBuilder().displayName(spec.sort).desc(false)]);
  for (const [heading, unit] of Object.entries(spec.units ?? {})) {
    made.overrideByName(heading, [{ id: 'unit', value: unit }]);
  }
  return made.build();
}

/** How observations of a histogram are spread, over time. The query keeps `le`. */
export function heatmap(spec: Spec): dashboard.Panel {
  return dress(new HeatmapBuilder(), spec)
    .targets(spec.queries.map((query, index) => rangeTarget(query, index).format(PromQueryFormat.Heatmap)))
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges').steps(64))
    .yAxis(new YAxisConfigBuilder().unit(spec.unit))
    .cellValues(new CellValuesBuilder().unit('short').decimals(0))
    .filterValues(new FilterValueRangeBuilder().le(1e-9))
    .build();
}
