/** What can be said of a PromQL expression without running it. */
import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';

/** Labels of each metric; `any` where they cannot be known. */
export type Labels = ReadonlySet<string> | 'any';
export type Catalogue = ReadonlyMap<string, Labels>;

export interface Expression {
  /** Empty if it parses. */
  syntaxErrors: string[];
  selectors: Selector[];
  /** Durations in brackets, with the function that they are given to. */
  ranges: { of: string; duration: string }[];
  /** Labels named in by, without, on, ignoring, that what they are applied to does not have. */
  strangeLabels: string[];
  /** The labels of the result. */
  labels: Labels;
}

export interface Selector {
  text: string;
  /** Those of the catalogue that it selects by their name. */
  metrics: string[];
  matchers: { label: string; operator: string; value: string }[];
}

/** Grafana's variables in durations, as PromQL's grammar wants numbers there; none of these is ever meant as such. */
const standIns: [string, string][] = [
  ['$__rate_interval', '98765s'],
  ['$__interval', '98764s'],
  ['$__range', '98763s'],
];

/** Set by Prometheus on all that it scrapes. */
const ofTargets = ['job', 'instance'];

function union(a: Labels, b: Labels): Labels {
  return a === 'any' || b === 'any' ? 'any' : new Set([...a, ...b]);
}

function minus(a: Labels, names: string[]): Labels {
  return a === 'any' ? 'any' : new Set([...a].filter((name) => !names.includes(name)));
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

const operands = new Set([
  'AggregateExpr',
  'BinaryExpr',
  'FunctionCall',
  'MatrixSelector',
  'NumberDurationLiteral',
  'OffsetExpr',
  'ParenExpr',
  'StepInvariantExpr',
  'StringLiteral',
  'SubqueryExpr',
  'UnaryExpr',
  'VectorSelector',
]);
const withoutLabels = new Set(['time', 'vector', 'scalar', 'pi']);
const comparesSets = new Set(['And', 'Unless']);

class Reader {
  readonly selectors: Selector[] = [];
  readonly ranges: Expression['ranges'] = [];
  readonly strangeLabels: string[] = [];

  constructor(
    private readonly text: string,
    private readonly catalogue: Catalogue,
  ) {}

  /** Labels of what the node gives; null for numbers and strings. */
  read(node: SyntaxNode, within: string): Labels | null {
    const parts = children(node).filter(({ name }) => operands.has(name));
    switch (node.name) {
      case 'NumberDurationLiteral':
      case 'StringLiteral':
        return null;
      case 'VectorSelector':
        return this.selector(node);
      case 'FunctionCall':
        return this.call(node);
      case 'AggregateExpr':
        return this.aggregate(node);
      case 'BinaryExpr':
        return this.binary(node, parts);
      case 'MatrixSelector':
      case 'SubqueryExpr': {
        const [duration] = children(node).filter(({ name }) => name === 'DurationExpr');
        this.ranges.push({ of: within, duration: duration === undefined ? '' : this.meant(duration) });
        break;
      }
    }
    const [first] = parts;
    return first === undefined ? null : this.read(first, within);
  }

  private slice(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  private meant(node: SyntaxNode): string {
    const duration = this.slice(node);
    return standIns.find(([, number]) => number === duration)?.[0] ?? duration;
  }

  private names(node: SyntaxNode | undefined): string[] {
    if (node === undefined) return [];
    return children(node)
      .filter(({ name }) => name === 'LabelName')
      .map((each) => this.slice(each));
  }

  private selector(node: SyntaxNode): Labels {
    const matchers = (
      node.getChild('LabelMatchers') === null ? [] : children(node.getChild('LabelMatchers') as SyntaxNode)
    )
      .filter(({ name }) => name === 'UnquotedLabelMatcher')
      .map((each) => {
        const [label = '', operator = '', value = ''] = children(each).map((part) => this.slice(part));
        return { label, operator, value: value.slice(1, -1) };
      });
    const identifier = node.getChild('Identifier');
    const name = matchers.find(({ label }) => label === '__name__');
    const wanted = identifier === null ? new RegExp(`^(?:${name?.value ?? '.*'})$`) : null;
    const metrics = [...this.catalogue.keys()].filter((metric) =>
      wanted === null ? metric === this.slice(identifier as SyntaxNode) : wanted.test(metric),
    );
    this.selectors.push({ text: this.slice(node), metrics, matchers });
    return metrics.map((metric) => this.catalogue.get(metric) ?? 'any').reduce(union, new Set<string>());
  }

  private call(node: SyntaxNode): Labels | null {
    const called = node.getChild('FunctionIdentifier');
    const name = called === null ? '' : this.slice(called);
    const body = node.getChild('FunctionCallBody');
    const given = body === null ? [] : children(body).map((each) => this.read(each, name));
    if (withoutLabels.has(name)) return name === 'vector' ? new Set() : null;
    const vector = given.find((each) => each !== null) ?? null;
    return name === 'histogram_quantile' && vector !== null ? minus(vector, ['le']) : vector;
  }

  private aggregate(node: SyntaxNode): Labels {
    const body = node.getChild('FunctionCallBody');
    const given = body === null ? [] : children(body).map((each) => this.read(each, ''));
    const inner = given.find((each) => each !== null) ?? new Set<string>();
    const modifier = node.getChild('AggregateModifier');
    if (modifier === null) return new Set();
    const grouping = this.names(modifier.getChild('GroupingLabels') ?? undefined);
    this.expect(grouping, inner);
    return modifier.getChild('Without') === null ? new Set(grouping) : minus(inner, grouping);
  }

  private expect(named: string[], having: Labels): void {
    if (having !== 'any') this.strangeLabels.push(...named.filter((name) => !having.has(name)));
  }

  private binary(node: SyntaxNode, parts: SyntaxNode[]): Labels | null {
    const [left = null, right = null] = parts.map((each) => this.read(each, ''));
    if (left === null || right === null) return left ?? right;
    const all = children(node);
    if (all.some(({ name }) => name === 'Or')) return union(left, right);
    const clause = node.getChild('MatchingModifierClause');
    if (clause === null) return left;
    const [first, second] = clause.getChildren('GroupingLabels');
    const grouped =
      clause.getChild('GroupLeft') !== null ? left : clause.getChild('GroupRight') !== null ? right : null;
    const on = clause.getChild('On') !== null;
    if (on) [left, right].forEach((side) => this.expect(this.names(first), side));
    if (grouped !== null) return union(grouped, new Set(this.names(second)));
    if (all.some(({ name }) => comparesSets.has(name))) return left;
    return on ? new Set(this.names(first)) : minus(left, this.names(first));
  }
}

/** Variables in strings may stay; those in durations are understood. */
export function readExpression(expression: string, catalogue: Catalogue): Expression {
  const text = standIns.reduce((so_far, [variable, number]) => so_far.replaceAll(variable, number), expression);
  const tree = parser.parse(text);
  const syntaxErrors: string[] = [];
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) syntaxErrors.push(`not PromQL at "${text.slice(from, from + 20)}" (character ${from})`);
    },
  });
  const reader = new Reader(text, catalogue);
  const top = tree.topNode.firstChild;
  const labels = (top === null ? null : reader.read(top, '')) ?? new Set<string>();
  const { selectors, ranges, strangeLabels } = reader;
  return { syntaxErrors, selectors, ranges, strangeLabels, labels };
}

export const scraped = (labels: string[]): Labels => new Set([...labels, ...ofTargets]);
