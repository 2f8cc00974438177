// SPDX-License-Identifier: BSL-1.0
/**
 * The types of the dashboard JSON that Grafana reads. They are declared here instead of imported from the SDK, so that
 * the checks do not share its defects.
 */
import { readdirSync, readFileSync } from 'node:fs';

interface DataSourceRef {
  type?: string;
  uid?: string;
}

export interface TargetJson {
  refId: string;
  expr: string;
  legendFormat?: string;
  instant?: boolean;
  format?: string;
  exemplar?: boolean;
  datasource?: DataSourceRef;
}

export interface PanelJson {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: DataSourceRef;
  targets?: TargetJson[];
  /** The panels of a collapsed row. */
  panels?: PanelJson[];
  fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: { value: number | null; color: string }[] } } };
  transformations?: { id: string; options: { renameByName: Record<string, string> } }[];
}

/** A variable whose values are the results of a Prometheus query. */
export interface QueryVariableJson {
  type: 'query';
  name: string;
  query: { query: string };
  allValue?: string;
  datasource?: DataSourceRef;
}

/** A variable whose values are the data sources of one type. */
export interface DataSourceVariableJson {
  type: 'datasource';
  name: string;
  query: string;
  current?: { text?: unknown; value?: unknown };
}

export interface DashboardJson {
  uid: string;
  title: string;
  description?: string;
  tags?: string[];
  editable?: boolean;
  schemaVersion: number;
  graphTooltip?: number;
  refresh: string;
  time: { from: string; to: string };
  links?: { title: string; url?: string }[];
  templating: { list: (QueryVariableJson | DataSourceVariableJson)[] };
  annotations: { list: { name: string; expr: string; target?: { expr: string }; datasource?: DataSourceRef }[] };
  panels: PanelJson[];
}

export function queryVariables(dashboard: DashboardJson): QueryVariableJson[] {
  return dashboard.templating.list.filter((variable) => variable.type === 'query');
}

export function dataSourceVariables(dashboard: DashboardJson): DataSourceVariableJson[] {
  return dashboard.templating.list.filter((variable) => variable.type === 'datasource');
}

const directory = new URL('./dashboards/', import.meta.url);

export function readDashboards(): DashboardJson[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as DashboardJson);
}
