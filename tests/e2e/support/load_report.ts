// SPDX-License-Identifier: BSL-1.0
/** The part of loadgen's JSON report that the checks read. */
export interface LoadReport {
  verdict: { word: string };
  totals: {
    planned: number;
    outcomes: Record<string, number>;
    response: { p50_us: number; p99_us: number; max_us: number };
  };
}

/** The outcomes of requests that are in flight, or wait for a connection, when the load is stopped. */
const pendingOutcomes = ['unfinished', 'unsent'];
/** Pending requests do not count as failed if the longest response time, including their age, is below this limit, in microseconds. */
const maxResponseTime = 2_000_000;

/** Finds the report in the output of `loadgen --json /dev/stdout`; undefined if it is not complete. */
export function findLoadReport(output: string): LoadReport | undefined {
  if (!output.includes('Total Requests:')) return undefined;
  const line = output.split('\n').find((text) => text.startsWith('{"schema_version"'));
  if (line === undefined) throw new Error(`no report in the output of the load generator:\n${output.slice(-2000)}`);
  return JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)) as LoadReport;
}

/** The number of requests without a 2xx response. The longest response time includes the age of pending requests. */
export function countFailures({ planned, outcomes, response }: LoadReport['totals']): number {
  const ended = Object.entries(outcomes).reduce((sum, [outcome, count]) => (pendingOutcomes.includes(outcome) ? sum : sum + count), 0);
  const pending = response.max_us < maxResponseTime ? planned - ended : 0;
  return planned - pending - (outcomes['2xx'] ?? 0);
}

/** Prints the counts of a run and returns the number of failed requests. */
export function printLoadReport(name: string, { totals }: LoadReport): number {
  const failed = countFailures(totals);
  const milliseconds = (us: number): string => `${(us / 1000).toFixed(1)} ms`;
  const { p50_us, p99_us, max_us } = totals.response;
  const outcomes = Object.entries(totals.outcomes).filter(([, count]) => count > 0).map(([outcome, count]) => `${outcome} ${count}`);
  console.log(
    `${failed === 0 ? 'ok  ' : 'FAIL'}  ${name}: ${failed} of ${totals.planned} requests failed (${outcomes.join(', ')}); ` +
      `p50 ${milliseconds(p50_us)}, p99 ${milliseconds(p99_us)}, longest ${milliseconds(max_us)}`,
  );
  return failed;
}

/** Longer than any scenario: the load runs until it is stopped. */
const maxLoadSeconds = 900;

/** Returns the flags for `rate` requests per second to a target, such as `time=http://HOST/api/time`, until SIGTERM. */
export function constantLoad(target: string, rate: number): string[] {
  return ['-q', '-m', 'constant', '-d', String(maxLoadSeconds), '-r', String(rate), '--json', '/dev/stdout', '--target', target];
}

/**
 * Returns the flags for `rate` aggregates per second until SIGTERM. A response counts as failed unless its part from
 * the service is fresh.
 */
export function aggregateLoad(service: string, rate: number): string[] {
  const part = { 'time-service': 'time_service', 'system-info-service': 'sysinfo_service' }[service] ?? 'weather_service';
  const target = 'aggregate=http://dashboard-service:5000/api/aggregate';
  return [...constantLoad(target, rate), '--expect-body', `"${part}":{"state":"fresh"`];
}
