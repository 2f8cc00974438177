// SPDX-License-Identifier: BSL-1.0
/** PromQL fragments that several panels use. */

/** The services selected in the variable. "All" expands to `.+-service`, which also matches services added later. */
export const selectedServices = 'job=~"$service"';
export const selectedInstances = 'instance=~"$instance"';

/** Excludes the routes that Alertmanager and operators call. The recording rules have the same definition. */
export const userTraffic = 'endpoint!~"/api/(alerts|faults)"';

/** Server errors without 501 and 505, which scanners cause. The recording rules have the same definition. */
export const serverErrors = 'status=~"5..", status!~"501|505"';

export function series(metric: string, ...matchers: string[]): string {
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(', ')}}`;
}

/**
 * The user traffic series of a metric that each service exports under its own prefix, such as
 * `time_service_http_requests_total`.
 */
export function serviceSeries(suffix: string, ...matchers: string[]): string {
  return series('', `__name__=~".+_service_${suffix}"`, selectedServices, userTraffic, ...matchers);
}

export const rate = (expr: string) => `rate(${expr}[$__rate_interval])`;
export const increase = (expr: string) => `increase(${expr}[$__rate_interval])`;
export const sumBy = (labels: string, expr: string) => `sum by (${labels}) (${expr})`;

/** Returns no sample instead of NaN if the denominator is zero. */
export const ratio = (numerator: string, denominator: string) => `${numerator} / (${denominator} > 0)`;

/** The comparison with zero drops the NaN of a histogram without observations in the interval. */
export function quantile(q: number, labels: string, buckets: string): string {
  const by = labels === '' ? 'le' : `${labels}, le`;
  return `histogram_quantile(${q}, ${sumBy(by, rate(buckets))}) >= 0`;
}

export const requestRate = (labels: string, ...matchers: string[]) =>
  sumBy(labels, rate(serviceSeries('http_requests_total', ...matchers)));

/** Returns zero if no service exports the metric. */
export const orZero = (expression: string) => `${expression} or vector(0)`;
