// SPDX-License-Identifier: BSL-1.0
import { formatSummary } from '../facts.ts';
import { cpuLoad, usedMemory, toCacheTrend, toHistoryTable, toUtilizationTrend } from '../history/history-view.ts';
import type { History } from '../history/history.ts';
import type { SystemInfo } from '../model.ts';
import { services } from '../services.ts';
import { renderChart } from './components/chart.ts';
import { find, findAs, setText } from './dom.ts';
import { renderTable } from './components/table.ts';
import { renderTrend } from './components/trend.ts';

/** The last 15 minutes in the panels of the services: charts, and their values as tables. */
export class HistoryPanels {
  readonly #root: ParentNode;

  /** `changed` is called when the panels must be rendered again. */
  constructor(root: ParentNode, changed: () => void) {
    this.#root = root;
    for (const details of root.querySelectorAll('.history')) details.addEventListener('toggle', changed);
  }

  /** `info`: the current values. `now`: milliseconds since the epoch. `shouldRenderTables`: also the closed tables. */
  render(history: History, info: SystemInfo | null, now: number, shouldRenderTables: boolean): void {
    for (const { key, panel, name } of services) {
      const root = find(this.#root, `#${panel}`);
      renderChart(find(root, '.chart'), history.buckets(key, now), name);
      setText(find(root, '.stats'), formatSummary(history.summary(key, now)));
      const details = findAs(root, '.history', HTMLDetailsElement);
      if (!details.open && !shouldRenderTables) continue;
      const { head, rows } = toHistoryTable(panel, history, now);
      renderTable(findAs(details, 'table', HTMLTableElement), head, rows);
    }
    renderTrend(find(this.#root, '#cpu-trend'), toUtilizationTrend('CPU load', history.means('sysinfo_service', 'cpu', now), cpuLoad(info)));
    renderTrend(find(this.#root, '#memory-trend'), toUtilizationTrend('Memory', history.means('sysinfo_service', 'memory', now), usedMemory(info)));
    renderTrend(find(this.#root, '#cache-trend'), toCacheTrend(history.means('weather_service', 'cached', now)));
  }
}
