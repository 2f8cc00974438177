// SPDX-License-Identifier: BSL-1.0
import { duration, formatFixed, joinAvailable, milliseconds, notAvailable, formatQuantity, formatShare, formatTimeOfDay, truncate } from './format.ts';
import type { Summary } from './history/history.ts';
import type { SystemInfo, TimeReading, WeatherReport } from './model.ts';

/** The most important values of a panel, above its details. */
export interface Facts {
  readonly main: string;
  readonly detail: string;
}

const maxLength = 60;

const unknown: Facts = { main: '–', detail: 'No value yet' };

export function timeFacts(reading: TimeReading | null): Facts {
  if (reading === null) return unknown;
  const day = reading.timestamp.split(' ')[0] ?? '';
  return truncateFacts(formatTimeOfDay(reading.timestamp), joinAvailable(day === reading.timestamp ? null : day, reading.timezone));
}

export function systemFacts(info: SystemInfo | null): Facts {
  if (info === null) return unknown;
  const load = info.loadAverage?.[0];
  return truncateFacts(
    `${formatFixed(info.memoryPercent, 1, '%')} memory`,
    `load ${load === undefined ? notAvailable : load.toFixed(2)} on ${formatQuantity(info.cpuCount, info.cpuCount === 1 ? 'CPU' : 'CPUs')} · ${info.hostname ?? notAvailable}`,
  );
}

/** `receivedAgeMs`: the time since the report was received. */
export function weatherFacts(report: WeatherReport | null, receivedAgeMs: number): Facts {
  if (report === null) return unknown;
  const seconds = reportAge(report, receivedAgeMs);
  const old = seconds === null ? [] : [`${duration(seconds)} old`];
  const place = joinAvailable(report.city, report.country);
  return truncateFacts(
    [formatQuantity(report.temperatureC, '°C'), report.condition].filter(Boolean).join(' '),
    // The mark precedes the name, so that a long name does not hide the mark.
    [report.sample === true ? `Sample data for ${place}` : place, ...old].join(' · '),
  );
}

/** The current age of a cached report in seconds; null if it is unknown. */
export function reportAge(report: WeatherReport, receivedAgeMs: number): number | null {
  if (report.cached !== true || report.cacheAgeSeconds === null) return null;
  return report.cacheAgeSeconds + receivedAgeMs / 1_000;
}

function truncateFacts(main: string, detail: string): Facts {
  return { main: truncate(main, maxLength), detail: truncate(detail, maxLength) };
}

/** Text beside a chart: "p50 412 µs · p99 1.2 ms · 0.67/s · 0 % failed". */
export function formatSummary(summary: Summary): string {
  if (summary.failureRatio === null) return 'no calls yet';
  const percentiles = summary.p50 === null || summary.p99 === null ? [] : [`p50 ${milliseconds(summary.p50)}`, `p99 ${milliseconds(summary.p99)}`];
  const rate = summary.perSecond === null ? [] : [`${Number(summary.perSecond.toPrecision(2))}/s`];
  const items = [...percentiles, ...rate, `${formatShare(summary.failureRatio)} failed`];
  // Lines can break only between items.
  return items.map((item) => item.replaceAll(' ', '\u00a0')).join(' · ');
}
