// SPDX-License-Identifier: BSL-1.0
type Cells = readonly string[];

/** Fills a table, unless it already has this content. The first cell of a row is its header. */
export function renderTable(table: HTMLTableElement, head: Cells, rows: readonly Cells[]): void {
  const text = JSON.stringify(rows);
  if (table.getAttribute('data-rows') === text) return;
  table.setAttribute('data-rows', text);
  table.createTHead().replaceChildren(line(head, true));
  const body = table.tBodies[0] ?? table.createTBody();
  body.replaceChildren(...rows.map((row) => line(row, false)));
}

function line(cells: Cells, isHead: boolean): HTMLTableRowElement {
  const row = document.createElement('tr');
  cells.forEach((text, index) => {
    const cell = document.createElement(isHead || index === 0 ? 'th' : 'td');
    if (isHead) cell.setAttribute('scope', 'col');
    else if (index === 0) cell.setAttribute('scope', 'row');
    cell.textContent = text;
    row.append(cell);
  });
  return row;
}
