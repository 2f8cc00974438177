// SPDX-License-Identifier: BSL-1.0
/** Grafana variables in the forms $name, ${name}, ${name:format} and [[name]]. */

export type VariableValues = Record<string, string>;

const variablePattern = /\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]/g;

export const variablesIn = (text: string): string[] =>
  [...text.matchAll(variablePattern)].map(([, plain, braced, bracketed]) => plain ?? braced ?? bracketed ?? '');

/** Replaces variables with their values. A variable without a value is kept and returned in `unknown`. */
export function substitute(text: string, values: VariableValues): { text: string; unknown: string[] } {
  const unknown: string[] = [];
  const result = text.replace(variablePattern, (match, plainName?: string, bracedName?: string, bracketedName?: string) => {
    const name = plainName ?? bracedName ?? bracketedName ?? '';
    const value = values[name];
    if (value === undefined) unknown.push(name);
    return value ?? match;
  });
  return { text: result, unknown };
}

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Converts a duration of one number and one unit, such as `15s` or `1m`, to seconds. Throws for any other format. */
export function parseSeconds(duration: string): number {
  const [, count, unit = ''] = /^(\d+)(ms|[smhdw])$/.exec(duration) ?? [];
  const scale = unitSeconds[unit];
  if (count === undefined || scale === undefined) {
    throw new Error(`invalid duration "${duration}"; expected a number and a unit (ms, s, m, h, d, w), such as 15s`);
  }
  return Number(count) * scale;
}

/** Durations in the format of `parseSeconds`. */
export interface TimeSettings {
  rateInterval: string;
  /** The step of range queries. */
  interval: string;
  /** The time range of the dashboard, up to now. */
  range: string;
}

/** The variables that Grafana defines itself. */
export function builtInVariables({ rateInterval, interval, range }: TimeSettings): VariableValues {
  return {
    __rate_interval: rateInterval,
    __interval: interval,
    __interval_ms: String(parseSeconds(interval) * 1000),
    __range: range,
    __range_s: String(parseSeconds(range)),
    __range_ms: String(parseSeconds(range) * 1000),
  };
}
