/** PromQL that many panels share. */

/** The chosen services. "All" stands for `.+-service`, so that later services are covered by their name. */
export const chosen = 'job=~"$service"';
export const chosenInstance = 'instance=~"$instance"';

/** Users' traffic: not the routes that Alertmanager and operators call. The same as in the recording rules. */
export const users = 'endpoint!~"/api/(alerts|faults)"';

/** Failures of ours: 501 and 505 answer what scanners send. The same as in the recording rules. */
export const failed = 'status=~"5..", status!~"501|505"';

export function series(metric: string, ...matchers: string[]): string {
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(', ')}}`;
}

/** A metric that each service has under its own prefix, as `time_service_http_requests_total`; of users' traffic. */
export function ofServices(suffix: string, ...matchers: string[]): string {
  return series('', `__name__=~".+_service_${suffix}"`, chosen, users, ...matchers);
}

export const rate = (of: string) => `rate(${of}[$__rate_interval])`;
export const increase = (of: string) => `increase(${of}[$__rate_interval])`;
export const sumBy = (labels: string, of: string) => `sum by (${labels}) (${of})`;

/** Absent instead of NaN where there is nothing to divide by. */
export const ratio = (part: string, whole: string) => `${part} / (${whole} > 0)`;

/** Comparing with zero drops the NaN of a histogram without observations in the interval. */
export function quantile(q: number, labels: string, buckets: string): string {
  const by = labels === '' ? 'le' : `${labels}, le`;
  return `histogram_quantile(${q}, ${sumBy(by, rate(buckets))}) >= 0`;
}

export const requestRate = (labels: string, ...matchers: string[]) =>
  sumBy(labels, rate(ofServices('http_requests_total', ...matchers)));
