/** A board as Grafana reads it. By hand rather than from the SDK: what checks boards must not share its errors. */
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
  /** Of a collapsed row. */
  panels?: PanelJson[];
  fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: { value: number | null; color: string }[] } } };
  transformations?: { id: string; options: { renameByName: Record<string, string> } }[];
}

export interface BoardJson {
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
  templating: { list: { name: string; query: { query: string }; allValue?: string; datasource?: DataSourceRef }[] };
  annotations: { list: { name: string; expr: string; target?: { expr: string }; datasource?: DataSourceRef }[] };
  panels: PanelJson[];
}

const checkedIn = new URL('./dashboards/', import.meta.url);

export function readBoards(): BoardJson[] {
  const names = readdirSync(checkedIn).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => JSON.parse(readFileSync(new URL(name, checkedIn), 'utf8')) as BoardJson);
}
