// SPDX-License-Identifier: BSL-1.0
/** The Prometheus queries of a dashboard. */
import { queryVariables, type DashboardJson } from '../dashboard-json.ts';
import { substitute, type VariableValues } from './substitute.ts';

export type QuerySource = 'panel' | 'variable' | 'annotation';

export interface DashboardQuery {
  dashboard: string;
  source: QuerySource;
  /** The title of the panel, or the name of the variable or annotation. */
  name: string;
  refId: string;
  /** PromQL with Grafana variables replaced. For a variable: `label_values(…)`, in the syntax of Grafana. */
  expr: string;
  instant: boolean;
  exemplar: boolean;
  /** The reason why the query cannot be run. */
  problem?: string;
}

function substituteVariables(query: string, values: VariableValues): { expr: string; problem?: string } {
  const { text, unknown } = substitute(query, values);
  return unknown.length === 0
    ? { expr: text }
    : { expr: text, problem: `unknown variable ${unknown.join(', ')}` };
}

/** All queries of a dashboard, with its variables set to "All" and the variables of Grafana set to `builtIns`. */
export function listQueries(dashboard: DashboardJson, builtIns: VariableValues): DashboardQuery[] {
  const allValues = queryVariables(dashboard).map(({ name, allValue }) => [name, allValue ?? '.+'] as const);
  const values: VariableValues = { ...builtIns, ...Object.fromEntries(allValues) };
  const common = { dashboard: dashboard.title, instant: false, exemplar: false };
  const variables = queryVariables(dashboard).map(
    ({ name, query }): DashboardQuery => ({
      ...common,
      source: 'variable',
      name: `$${name}`,
      refId: '',
      ...substituteVariables(query.query, values),
    }),
  );
  const annotations = dashboard.annotations.list.map(
    ({ name, expr }): DashboardQuery => ({
      ...common,
      source: 'annotation',
      name,
      refId: '',
      ...substituteVariables(expr, values),
    }),
  );
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(
      ({ refId, expr, instant = false, exemplar = false }): DashboardQuery => ({
        ...common,
        source: 'panel',
        name: title,
        refId,
        instant,
        exemplar,
        ...substituteVariables(expr, values),
      }),
    ),
  );
  return [...variables, ...annotations, ...panels];
}
