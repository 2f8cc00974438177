// SPDX-License-Identifier: BSL-1.0
/** Static analysis of PromQL expressions. */
import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';

/** The label names of a metric or result; `any` if they are not known. */
export type Labels = ReadonlySet<string> | 'any';
export type Catalog = ReadonlyMap<string, Labels>;

export interface ExpressionAnalysis {
  /** Empty if the expression parses. */
  syntaxErrors: string[];
  selectors: Selector[];
  /** Range and subquery durations, with the function that they are an argument of. */
  ranges: { function: string; duration: string }[];
  /** Labels in by, without or on clauses that the operand does not have. */
  unknownLabels: string[];
  /** The labels of the result. */
  labels: Labels;
}

export interface Selector {
  text: string;
  /** The metrics of the catalog that match the name. */
  metrics: string[];
  matchers: { label: string; operator: string; value: string }[];
}

/**
 * Placeholders for Grafana variables in durations, because the PromQL grammar requires numbers there. No dashboard uses
 * these values.
 */
const durationPlaceholders: [string, string][] = [
  ['$__rate_interval', '98765s'],
  ['$__interval', '98764s'],
  ['$__range', '98763s'],
];

/** Labels that Prometheus adds to every scraped series. */
const targetLabels = ['job', 'instance'];

function union(a: Labels, b: Labels): Labels {
  return a === 'any' || b === 'any' ? 'any' : new Set([...a, ...b]);
}

function removeLabels(labels: Labels, names: string[]): Labels {
  return labels === 'any' ? 'any' : new Set([...labels].filter((name) => !names.includes(name)));
}

function children(node: SyntaxNode): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) nodes.push(child);
  return nodes;
}

const operandNodes = new Set([
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
const functionsWithoutLabels = new Set(['time', 'vector', 'scalar', 'pi']);
const setOperators = new Set(['And', 'Unless']);

class Analyzer {
  readonly selectors: Selector[] = [];
  readonly ranges: ExpressionAnalysis['ranges'] = [];
  readonly unknownLabels: string[] = [];

  constructor(
    private readonly text: string,
    private readonly catalog: Catalog,
  ) {}

  /** Returns the labels of the result of `node`; null for numbers and strings. `caller`: the enclosing function. */
  analyze(node: SyntaxNode, caller: string): Labels | null {
    const operands = children(node).filter(({ name }) => operandNodes.has(name));
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
        return this.binary(node, operands);
      case 'MatrixSelector':
      case 'SubqueryExpr': {
        const [duration] = children(node).filter(({ name }) => name === 'DurationExpr');
        this.ranges.push({ function: caller, duration: duration === undefined ? '' : this.durationText(duration) });
        break;
      }
    }
    const [first] = operands;
    return first === undefined ? null : this.analyze(first, caller);
  }

  private slice(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  private durationText(node: SyntaxNode): string {
    const duration = this.slice(node);
    return durationPlaceholders.find(([, placeholder]) => placeholder === duration)?.[0] ?? duration;
  }

  private labelNames(node: SyntaxNode | undefined): string[] {
    if (node === undefined) return [];
    return children(node)
      .filter(({ name }) => name === 'LabelName')
      .map((child) => this.slice(child));
  }

  private selector(node: SyntaxNode): Labels {
    const matchers = (
      node.getChild('LabelMatchers') === null ? [] : children(node.getChild('LabelMatchers') as SyntaxNode)
    )
      .filter(({ name }) => name === 'UnquotedLabelMatcher')
      .map((matcher) => {
        const [label = '', operator = '', value = ''] = children(matcher).map((part) => this.slice(part));
        return { label, operator, value: value.slice(1, -1) };
      });
    const identifier = node.getChild('Identifier');
    const name = matchers.find(({ label }) => label === '__name__');
    const namePattern = identifier === null ? new RegExp(`^(?:${name?.value ?? '.*'})$`) : null;
    const metrics = [...this.catalog.keys()].filter((metric) =>
      namePattern === null ? metric === this.slice(identifier as SyntaxNode) : namePattern.test(metric),
    );
    this.selectors.push({ text: this.slice(node), metrics, matchers });
    return metrics.map((metric) => this.catalog.get(metric) ?? 'any').reduce(union, new Set<string>());
  }

  private call(node: SyntaxNode): Labels | null {
    const identifier = node.getChild('FunctionIdentifier');
    const name = identifier === null ? '' : this.slice(identifier);
    const body = node.getChild('FunctionCallBody');
    const argumentLabels = body === null ? [] : children(body).map((argument) => this.analyze(argument, name));
    if (functionsWithoutLabels.has(name)) return name === 'vector' ? new Set() : null;
    const vector = argumentLabels.find((labels) => labels !== null) ?? null;
    return name === 'histogram_quantile' && vector !== null ? removeLabels(vector, ['le']) : vector;
  }

  private aggregate(node: SyntaxNode): Labels {
    const body = node.getChild('FunctionCallBody');
    const argumentLabels = body === null ? [] : children(body).map((argument) => this.analyze(argument, ''));
    const operandLabels = argumentLabels.find((labels) => labels !== null) ?? new Set<string>();
    const modifier = node.getChild('AggregateModifier');
    if (modifier === null) return new Set();
    const grouping = this.labelNames(modifier.getChild('GroupingLabels') ?? undefined);
    this.requireLabels(grouping, operandLabels);
    return modifier.getChild('Without') === null ? new Set(grouping) : removeLabels(operandLabels, grouping);
  }

  private requireLabels(names: string[], labels: Labels): void {
    if (labels !== 'any') this.unknownLabels.push(...names.filter((name) => !labels.has(name)));
  }

  private binary(node: SyntaxNode, operands: SyntaxNode[]): Labels | null {
    const [left = null, right = null] = operands.map((operand) => this.analyze(operand, ''));
    if (left === null || right === null) return left ?? right;
    const nodes = children(node);
    if (nodes.some(({ name }) => name === 'Or')) return union(left, right);
    const clause = node.getChild('MatchingModifierClause');
    if (clause === null) return left;
    const [first, second] = clause.getChildren('GroupingLabels');
    const manySide =
      clause.getChild('GroupLeft') !== null ? left : clause.getChild('GroupRight') !== null ? right : null;
    const hasOnClause = clause.getChild('On') !== null;
    if (hasOnClause) [left, right].forEach((side) => this.requireLabels(this.labelNames(first), side));
    if (manySide !== null) return union(manySide, new Set(this.labelNames(second)));
    if (nodes.some(({ name }) => setOperators.has(name))) return left;
    return hasOnClause ? new Set(this.labelNames(first)) : removeLabels(left, this.labelNames(first));
  }
}

/** Analyzes an expression, which may contain Grafana variables in strings and durations. */
export function analyzeExpression(expression: string, catalog: Catalog): ExpressionAnalysis {
  const text = durationPlaceholders.reduce(
    (replaced, [variable, placeholder]) => replaced.replaceAll(variable, placeholder),
    expression,
  );
  const tree = parser.parse(text);
  const syntaxErrors: string[] = [];
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) syntaxErrors.push(`PromQL syntax error at "${text.slice(from, from + 20)}" (character ${from})`);
    },
  });
  const analyzer = new Analyzer(text, catalog);
  const top = tree.topNode.firstChild;
  const labels = (top === null ? null : analyzer.analyze(top, '')) ?? new Set<string>();
  const { selectors, ranges, unknownLabels } = analyzer;
  return { syntaxErrors, selectors, ranges, unknownLabels, labels };
}

export const scrapedLabels = (labels: string[]): Labels => new Set([...labels, ...targetLabels]);
