/** What a board asks Prometheus, as read from its JSON. */
import type { BoardJson } from '../board-json.ts';
import { substitute, type Values } from './substitute.ts';

export type Kind = 'panel' | 'variable' | 'annotation';

export interface Question {
  board: string;
  kind: Kind;
  /** The panel's title, or the variable's or annotation's name. */
  name: string;
  refId: string;
  /** With Grafana's variables replaced; of a variable: Grafana's own query language, `label_values(…)`. */
  query: string;
  instant: boolean;
  exemplar: boolean;
  /** Why it cannot be asked. */
  problem?: string;
}

function asked(query: string, values: Values): { query: string; problem?: string } {
  const done = substitute(query, values);
  return done.unknown.length === 0
    ? { query: done.text }
    : { query: done.text, problem: `unknown variable ${done.unknown.join(', ')}` };
}

/** All of a board's queries; its variables stand for "All", and `builtIns` for what Grafana itself sets. */
export function questionsOf(board: BoardJson, builtIns: Values): Question[] {
  const all = board.templating.list.map(({ name, allValue }) => [name, allValue ?? '.+'] as const);
  const values: Values = { ...builtIns, ...Object.fromEntries(all) };
  const shared = { board: board.title, instant: false, exemplar: false };
  const variables = board.templating.list.map(
    ({ name, query }): Question => ({
      ...shared,
      kind: 'variable',
      name: `$${name}`,
      refId: '',
      ...asked(query.query, values),
    }),
  );
  const annotations = board.annotations.list.map(
    ({ name, expr }): Question => ({ ...shared, kind: 'annotation', name, refId: '', ...asked(expr, values) }),
  );
  const panels = board.panels.flatMap(({ title, targets = [] }) =>
    targets.map(
      ({ refId, expr, instant = false, exemplar = false }): Question => ({
        ...shared,
        kind: 'panel',
        name: title,
        refId,
        instant,
        exemplar,
        ...asked(expr, values),
      }),
    ),
  );
  return [...variables, ...annotations, ...panels];
}
