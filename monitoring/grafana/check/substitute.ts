/** Grafana's variables: $name, ${name}, ${name:format}, [[name]]. */

export type Values = Record<string, string>;

const reference = /\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]/g;

export const variablesIn = (text: string): string[] =>
  [...text.matchAll(reference)].map(([, plain, braced, bracketed]) => plain ?? braced ?? bracketed ?? '');

/** A variable without a value stays as it is, and is told. */
export function substitute(text: string, values: Values): { text: string; unknown: string[] } {
  const unknown: string[] = [];
  const done = text.replace(reference, (whole, plain?: string, braced?: string, bracketed?: string) => {
    const name = plain ?? braced ?? bracketed ?? '';
    const value = values[name];
    if (value === undefined) unknown.push(name);
    return value ?? whole;
  });
  return { text: done, unknown };
}

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Of one number and one unit, as Grafana writes them: `15s`, `1m`. */
export function seconds(duration: string): number {
  const [, count, unit = ''] = /^(\d+)(ms|[smhdw])$/.exec(duration) ?? [];
  const scale = unitSeconds[unit];
  if (count === undefined || scale === undefined) throw new Error(`"${duration}" is no duration such as 15s or 1m`);
  return Number(count) * scale;
}

export interface Times {
  rateInterval: string;
  interval: string;
  range: string;
}

/** What Grafana sets by itself. */
export function builtIns({ rateInterval, interval, range }: Times): Values {
  return {
    __rate_interval: rateInterval,
    __interval: interval,
    __interval_ms: String(seconds(interval) * 1000),
    __range: range,
    __range_s: String(seconds(range)),
    __range_ms: String(seconds(range) * 1000),
  };
}
