// SPDX-License-Identifier: BSL-1.0
import type { Bucket } from '../../history/history.ts';
import { milliseconds, pluralize } from '../../format.ts';
import { svg } from '../dom.ts';

/** Units of the drawing, which is stretched to the width of its panel. */
const width = 300;
const height = 64;
const bandTop = 55;
/** The vertical positions of the lowest and the highest latency. */
const bottom = 50;
const top = 6;
/** The lowest latency on the axis, which is logarithmic. */
const floorMs = 0.1;

/**
 * Draws 15 minutes of latency (the median as a line, up to the 99th percentile as an area), failed calls as columns and
 * an open breaker as a band. Columns without calls are empty.
 */
export function renderChart(figure: Element, buckets: readonly Bucket[], name: string): void {
  const text = JSON.stringify(buckets);
  if (figure.getAttribute('data-buckets') === text) return;
  figure.setAttribute('data-buckets', text);
  const peak = Math.max(1, ...buckets.map((bucket) => bucket.p99 ?? 0));
  const max = 10 ** Math.ceil(Math.log10(peak));
  const y = (ms: number) => bottom - ((bottom - top) * Math.log(Math.max(ms, floorMs) / floorMs)) / Math.log(max / floorMs);
  const column = width / buckets.length;
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': describeChart(buckets, name) },
    ...gridLines(max).map((ms) => svg('line', { class: 'grid', x1: 0, x2: width, y1: y(ms), y2: y(ms) })),
    ...buckets.flatMap((bucket, index) => drawColumn(bucket, index * column, column)),
    ...latencyRanges(buckets).flatMap((run) => [
      svg('path', { class: 'p99', d: area(buckets, run, column, y) }),
      svg('path', { class: 'p50', d: path(buckets, run, column, (bucket) => y(bucket.p50 ?? 0)) }),
    ]),
  );
  const scale = document.createElement('span');
  scale.className = 'chart-max';
  scale.textContent = `${milliseconds(max)} · last 15 min · line p50, area p99`;
  scale.setAttribute('aria-hidden', 'true');
  figure.replaceChildren(drawing, scale);
}

function gridLines(max: number): number[] {
  const lines: number[] = [];
  for (let ms = floorMs; ms <= max * 1.001; ms *= 10) lines.push(ms);
  return lines;
}

function drawColumn(bucket: Bucket, x: number, column: number): Node[] {
  const box = { x, width: column, y: bandTop, height: height - bandTop };
  const share = bucket.calls === 0 ? 0 : bucket.failed / bucket.calls;
  return [
    ...(bucket.calls > 0 ? [svg('rect', { class: 'ok', ...box })] : []),
    ...(share > 0 ? [svg('rect', { class: 'failed', ...box, y: height - Math.max(3, share * (height - bandTop)), height: Math.max(3, share * (height - bandTop)) })] : []),
    ...(bucket.open ? [svg('rect', { class: 'open', ...box, y: bandTop - 3, height: 3 })] : []),
  ];
}

/** Returns the ranges of columns with latencies: `[first, last]`. */
function latencyRanges(buckets: readonly Bucket[]): [number, number][] {
  const found: [number, number][] = [];
  buckets.forEach((bucket, index) => {
    if (bucket.p50 === null) return;
    const last = found.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  });
  return found;
}

/** Returns a line through the centers of the columns; for a single column, a short line. */
function path(buckets: readonly Bucket[], [first, last]: [number, number], column: number, y: (bucket: Bucket) => number): string {
  const points = buckets.slice(first, last + 1).map((bucket, index) => `${((first + index + 0.5) * column).toFixed(1)} ${y(bucket).toFixed(1)}`);
  if (points.length > 1) return `M${points.join('L')}`;
  const bucket = buckets[first];
  return bucket === undefined ? '' : `M${(first * column).toFixed(1)} ${y(bucket).toFixed(1)}h${column.toFixed(1)}`;
}

function area(buckets: readonly Bucket[], run: [number, number], column: number, y: (ms: number) => number): string {
  const line = path(buckets, run, column, (bucket) => y(bucket.p99 ?? 0));
  const start = run[0] === run[1] ? run[0] * column : (run[0] + 0.5) * column;
  const end = run[0] === run[1] ? (run[1] + 1) * column : (run[1] + 0.5) * column;
  return `${line}L${end.toFixed(1)} ${bottom}L${start.toFixed(1)} ${bottom}Z`;
}

function describeChart(buckets: readonly Bucket[], name: string): string {
  const calls = buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const failed = buckets.reduce((sum, bucket) => sum + bucket.failed, 0);
  const slowest = Math.max(0, ...buckets.map((bucket) => bucket.p99 ?? 0));
  const open = buckets.some((bucket) => bucket.open) ? ' The circuit breaker was open.' : '';
  return `${name}, last 15 minutes: ${pluralize(calls, 'call')}, ${failed} failed, slowest ${milliseconds(slowest)}.${open}`;
}
