// SPDX-License-Identifier: BSL-1.0
/** Panel builders with the options that all dashboards share. */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
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

/** Name of the variable that selects the Prometheus data source of a dashboard. */
export const dataSourceVariableName = 'datasource';
export const dataSource: sdk.DataSourceRef = { type: 'prometheus', uid: `\${${dataSourceVariableName}}` };

export interface Query {
  expr: string;
  legend?: string;
  /** Whether to show exemplars: single requests with their trace IDs. */
  exemplar?: boolean;
}

/** Colors by lower bound. `base` applies below the first step. */
export interface Thresholds {
  base: string;
  steps: [lowerBound: number, color: string][];
}

export interface PanelSpec {
  /** The ID of the panel, which must be stable and never reused, because links to a single panel contain it. */
  id: number;
  title: string;
  description: string;
  /** A unit ID of Grafana, from `units` in the SDK. */
  unit: string;
  /** The width in grid columns, of 24. */
  width: number;
  height?: number;
  queries: Query[];
  thresholds?: Thresholds;
  decimals?: number;
  min?: number;
  max?: number;
}

export interface ChartSpec extends PanelSpec {
  stacked?: boolean;
  /** Regular expression of series names that are limits: drawn dashed and without fill. */
  limits?: string;
}

export interface TimelineSpec extends PanelSpec {
  states: [value: number, text: string, color: string][];
}

export interface TableSpec extends Omit<PanelSpec, 'queries'> {
  queries: Query[];
  /** Columns from left to right: field name and heading. */
  columns: [field: string, heading: string][];
  hidden?: string[];
  sort?: string;
  /** Units of single columns, by heading. */
  units?: Record<string, string>;
}

export const yellowRedThresholds = (yellow: number, red: number): Thresholds => ({
  base: 'green',
  steps: [
    [yellow, 'yellow'],
    [red, 'red'],
  ],
});
export const redThreshold = (value: number): Thresholds => ({ base: 'green', steps: [[value, 'red']] });

function thresholdsConfig({ base, steps }: Thresholds) {
  const allSteps = [{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))];
  return new sdk.ThresholdsConfigBuilder().mode(sdk.ThresholdsMode.Absolute).steps(allSteps);
}

function target(query: Query, index: number): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(dataSource)
    .editorMode(QueryEditorMode.Code)
    .expr(query.expr);
  return query.legend === undefined ? builder : builder.legendFormat(query.legend);
}

const rangeTarget = (query: Query, index: number) =>
  target(query, index)
    .range()
    .exemplar(query.exemplar ?? false);

type AnyBuilder = ChartBuilder | StatBuilder | TimelineBuilder | TableBuilder | HeatmapBuilder;

function applyCommonOptions<Builder extends AnyBuilder>(builder: Builder, spec: Omit<PanelSpec, 'queries'>): Builder {
  builder
    .id(spec.id)
    .title(spec.title)
    .description(spec.description)
    .datasource(dataSource)
    .unit(spec.unit)
    .gridPos({ x: 0, y: 0, w: spec.width, h: spec.height ?? 8 });
  if (spec.thresholds !== undefined) builder.thresholds(thresholdsConfig(spec.thresholds));
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  if (spec.min !== undefined) builder.min(spec.min);
  if (spec.max !== undefined) builder.max(spec.max);
  return builder;
}

const multiSeriesTooltip = () =>
  new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending);

/** A time series panel. Thresholds are drawn as dashed lines. */
export function chart(spec: ChartSpec): sdk.Panel {
  const builder = applyCommonOptions(new ChartBuilder(), { min: 0, ...spec })
    .targets(spec.queries.map(rangeTarget))
    .colorScheme(new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.PaletteClassicByName))
    .lineWidth(1)
    .fillOpacity(spec.stacked === true ? 40 : 8)
    .showPoints(common.VisibilityMode.Never)
    .tooltip(multiSeriesTooltip())
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
    builder.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  if (spec.thresholds !== undefined) {
    builder.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
  }
  if (spec.limits !== undefined) {
    builder.overrideByRegexp(spec.limits, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
  return builder.build();
}

export interface StatSpec extends PanelSpec {
  noValue?: string;
  /** Whether to show the last value in the time range of the dashboard instead of the current value. */
  last?: boolean;
}

/** A panel of one or a few current values. */
export function stat(spec: StatSpec): sdk.Panel {
  const builder = applyCommonOptions(new StatBuilder(), { height: 4, ...spec })
    .targets(spec.queries.map(spec.last === true ? rangeTarget : (query, index) => target(query, index).instant()))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(spec.thresholds === undefined ? common.BigValueColorMode.None : common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(spec.queries.length > 1 ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Auto);
  return (spec.noValue === undefined ? builder : builder.noValue(spec.noValue)).build();
}

/** A state timeline panel, one row per series. */
export function timeline(spec: TimelineSpec): sdk.Panel {
  const options = Object.fromEntries(
    spec.states.map(([value, text, color], index) => [String(value), { text, color, index }]),
  );
  return applyCommonOptions(new TimelineBuilder(), spec)
    .targets(spec.queries.map(rangeTarget))
    .colorScheme(new sdk.FieldColorBuilder().mode(sdk.FieldColorModeId.Thresholds))
    .mappings([{ type: sdk.MappingType.ValueToText, options }])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(80)
    .tooltip(multiSeriesTooltip())
    .legend(new common.VizLegendOptionsBuilder().showLegend(false).calcs([]))
    .build();
}

/** A table of current labels and values. Several queries are joined by their common labels. */
export function table(spec: TableSpec): sdk.Panel {
  const builder = applyCommonOptions(new TableBuilder(), spec)
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
    builder.sortBy([new common.TableSortByFieldStateBuilder().displayName(spec.sort).desc(false)]);
  for (const [heading, unit] of Object.entries(spec.units ?? {})) {
    builder.overrideByName(heading, [{ id: 'unit', value: unit }]);
  }
  return builder.build();
}

/** A heatmap of a histogram over time. The query must keep the label `le`. */
export function heatmap(spec: PanelSpec): sdk.Panel {
  return applyCommonOptions(new HeatmapBuilder(), spec)
    .targets(spec.queries.map((query, index) => rangeTarget(query, index).format(PromQueryFormat.Heatmap)))
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges').steps(64))
    .yAxis(new YAxisConfigBuilder().unit(spec.unit))
    .cellValues(new CellValuesBuilder().unit('short').decimals(0))
    .filterValues(new FilterValueRangeBuilder().le(1e-9))
    .build();
}
