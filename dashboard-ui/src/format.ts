// SPDX-License-Identifier: BSL-1.0
export const notAvailable = 'N/A';

/** The value with its unit; "N/A" without a unit if the value is missing or "N/A". */
export function formatQuantity(value: string | number | null, unit = ''): string {
  if (value === null || value === notAvailable) return notAvailable;
  return unit === '' ? String(value) : `${value} ${unit}`;
}

export function formatFixed(value: number | null, digits: number, unit = ''): string {
  return formatQuantity(value === null ? null : value.toFixed(digits), unit);
}

/** A duration in its two largest units (or `units` of them), without zeros: "3 d 4 h", "5 min 6 s", "7 s". */
export function duration(seconds: number, units = 2): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + units)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** An age in the largest unit, so that it is short: "updated 4 s ago", "updated 2 min ago". */
export function age(milliseconds: number): string {
  return `updated ${duration(milliseconds / 1000, 1)} ago`;
}

/** A duration with three significant digits at most: "0 s", "412 µs", "4.1 ms", "41 ms", "2.05 s", "5 s". */
export function milliseconds(value: number): string {
  if (value === 0) return '0 s';
  if (value < 0.9995) return `${Math.round(value * 1000)} µs`;
  if (value < 9.95) return `${trimmed(value, 1)} ms`;
  if (value < 999.5) return `${Math.round(value)} ms`;
  if (value < 99_950) return `${trimmed(value / 1000, value < 9_995 ? 2 : 1)} s`;
  return duration(value / 1000);
}

/** A number without trailing zeros in the fraction. */
function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** Duration of a call and its timeout: "12 ms of 3 s". */
export function timing(elapsedMs: number | null, deadlineMs: number | null): string {
  if (elapsedMs === null && deadlineMs === null) return notAvailable;
  if (deadlineMs === null) return milliseconds(elapsedMs ?? 0);
  return `${elapsedMs === null ? notAvailable : milliseconds(elapsedMs)} of ${milliseconds(deadlineMs)}`;
}

/**
 * A share as a whole percentage, which is 0 or 100 % only if the share has exactly this value: "53 %", "<1 %", ">99 %".
 */
export function formatShare(share: number): string {
  const percent = Math.round(100 * share);
  if (share > 0 && percent === 0) return '<1 %';
  if (share < 1 && percent === 100) return '>99 %';
  return `${percent} %`;
}

/** The time of day of "YYYY-MM-DD HH:MM:SS"; any other string unchanged. */
export function formatTimeOfDay(timestamp: string): string {
  return /^\d{4}-\d{2}-\d{2} (\d{2}:\d{2}:\d{2})$/.exec(timestamp)?.[1] ?? timestamp;
}

/** "YYYY-MM-DD HH:MM" in the browser's time zone; "N/A" for an invalid time. */
export function formatLocalMinute(iso8601: string | null): string {
  const when = new Date(iso8601 ?? '');
  if (Number.isNaN(when.getTime())) return notAvailable;
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  const date = `${when.getFullYear()}-${twoDigits(when.getMonth() + 1)}-${twoDigits(when.getDate())}`;
  return `${date} ${twoDigits(when.getHours())}:${twoDigits(when.getMinutes())}`;
}

/** Returns the values that are not null, separated by commas; "N/A" if there are none. */
export function joinAvailable(...values: (string | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? notAvailable : known.join(', ');
}

/** Returns at most `length` characters of a string; a truncated string ends with an ellipsis. */
export function truncate(text: string, length: number): string {
  const characters = Array.from(text.slice(0, 2 * length + 2));
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** Returns a count and its noun in singular or plural. */
export function pluralize(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** "HH:MM:SS" in the browser's time zone. */
export function formatLocalSecond(epochMs: number): string {
  const when = new Date(epochMs);
  if (Number.isNaN(when.getTime())) return notAvailable;
  return [when.getHours(), when.getMinutes(), when.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
