// SPDX-License-Identifier: BSL-1.0
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { DashboardJson, QueryVariableJson, TargetJson } from '../dashboard-json.ts';
import { checkQueries, formatTable } from '../check-queries.ts';

type ReceivedRequest = { path: string; parameters: Record<string, string> };
let server: Server | undefined;
let requests: ReceivedRequest[] = [];

afterEach(() => {
  server?.close();
  requests = [];
});

/** Starts a fake Prometheus. `responses`: by path under /api/v1/, the `data` field or, if a string, the whole body. */
async function startPrometheus(responses: Record<string, unknown>): Promise<string> {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://prometheus');
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const path = pathname.replace('/api/v1/', '');
      requests.push({ path, parameters: Object.fromEntries([...searchParams, ...new URLSearchParams(body)]) });
      const data = responses[path];
      response.end(typeof data === 'string' ? data : JSON.stringify({ status: 'success', data }));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function createDashboard(target: Partial<TargetJson>, overrides: Partial<DashboardJson> = {}): DashboardJson {
  return {
    uid: 'one',
    title: 'One',
    schemaVersion: 41,
    refresh: '5s',
    time: { from: 'now-15m', to: 'now' },
    templating: { list: [] },
    annotations: { list: [] },
    panels: [
      {
        id: 1,
        type: 'timeseries',
        title: 'Panel',
        gridPos: { x: 0, y: 0, w: 24, h: 8 },
        targets: [{ refId: 'A', expr: 'rate(a[$__rate_interval])', ...target }],
      },
    ],
    ...overrides,
  };
}

const now = new Date('2026-01-01T00:10:00Z');
const end = String(now.getTime() / 1000);
const start = String(now.getTime() / 1000 - 300);
const series = (...values: string[]) => ({ metric: {}, values: values.map((value, index) => [index, value]) });
const check = async (responses: Record<string, unknown>, dashboard: DashboardJson) =>
  checkQueries({ prometheus: await startPrometheus(responses), dashboards: [dashboard], now });

test('a time series panel sends a range query with variables replaced', async () => {
  const [queryCheck] = await check({ query_range: { result: [series('1', '2'), series('7')] } }, createDashboard({}));
  expect(requests).toEqual([{ path: 'query_range', parameters: { query: 'rate(a[1m])', start, end, step: '15' } }]);
  expect(queryCheck).toMatchObject({ dashboard: 'One', name: 'Panel', refId: 'A', verdict: 'ok', series: 2, sample: '2' });
});

test('a panel with an instant query sends an instant query', async () => {
  const [queryCheck] = await check({ query: { result: [{ metric: {}, value: [0, '5'] }] } }, createDashboard({ instant: true }));
  expect(requests).toEqual([{ path: 'query', parameters: { query: 'rate(a[1m])', time: end } }]);
  expect(queryCheck).toMatchObject({ verdict: 'ok', series: 1, sample: '5' });
});

test.each([
  ['no series', { result: [] }],
  ['only NaN values', { result: [series('NaN', 'NaN'), series('NaN')] }],
])('a result with %s has the verdict "no data"', async (_description, result) => {
  expect(await check({ query_range: result }, createDashboard({}))).toMatchObject([{ verdict: 'no data', series: 0 }]);
});

test('a series that is NaN at some times counts as a series', async () => {
  const [queryCheck] = await check({ query_range: { result: [series('NaN', '3'), series('NaN')] } }, createDashboard({}));
  expect(queryCheck).toMatchObject({ verdict: 'ok', series: 1, sample: '3' });
});

test.each([
  ['an error response of Prometheus', '{"status":"error","errorType":"bad_data","error":"parse error: x"}', 'parse error: x'],
  ['a response that is not JSON', '<html>', 'not JSON'],
])('%s has the verdict "error"', async (_description, body, message) => {
  const [queryCheck] = await check({ query_range: body }, createDashboard({}));
  expect(queryCheck?.verdict).toBe('error');
  expect(queryCheck?.message).toContain(message);
});

test('an unreachable Prometheus has the verdict "error"', async () => {
  const base = await startPrometheus({});
  server?.close();
  const [queryCheck] = await checkQueries({ prometheus: base, dashboards: [createDashboard({})], now });
  expect(queryCheck?.verdict).toBe('error');
  expect(queryCheck?.message).toContain('ECONNREFUSED');
});

test('an unknown variable has the verdict "error", and no request is sent', async () => {
  const [queryCheck] = await check({}, createDashboard({ expr: 'up{job=~"$service"}' }));
  expect(queryCheck).toMatchObject({ verdict: 'error', message: 'unknown variable service' });
  expect(requests).toEqual([]);
});

test('the label values of a variable are queried, and other queries use its custom all value', async () => {
  const list: QueryVariableJson[] = [
    { type: 'query', name: 'service', query: { query: 'label_values(up{job=~".+"}, job)' }, allValue: '.+-service' },
  ];
  const dashboard = createDashboard({ expr: 'up{job=~"$service"}' }, { templating: { list } });
  const checks = await check({ 'label/job/values': ['time', 'weather'], query_range: { result: [series('1')] } }, dashboard);
  expect(requests.map(({ parameters }) => parameters['match[]'] ?? parameters['query'])).toEqual([
    'up{job=~".+"}',
    'up{job=~".+-service"}',
  ]);
  expect(checks[0]).toMatchObject({ source: 'variable', name: '$service', verdict: 'ok', series: 2, sample: 'time' });
});

test('"All" matches any value if the variable has no allValue', async () => {
  const list: QueryVariableJson[] = [{ type: 'query', name: 'service', query: { query: 'label_values(job)' } }];
  const dashboard = createDashboard({ expr: 'up{job=~"$service"}' }, { templating: { list } });
  const checks = await check({ 'label/job/values': ['time'], query_range: { result: [series('1')] } }, dashboard);
  expect(checks[1]?.expr).toBe('up{job=~".+"}');
});

test('a variable without values has the verdict "no data"', async () => {
  const list: QueryVariableJson[] = [
    { type: 'query', name: 'service', query: { query: 'label_values(job)' }, allValue: '.+' },
  ];
  const [queryCheck] = await check(
    { 'label/job/values': [], query_range: { result: [] } },
    createDashboard({}, { templating: { list } }),
  );
  expect(queryCheck).toMatchObject({ source: 'variable', verdict: 'no data' });
});

test('an annotation without results has the verdict "ok"', async () => {
  const list = [{ name: 'Alerts', expr: 'ALERTS', target: { expr: 'ALERTS' } }];
  const [queryCheck] = await check({ query_range: { result: [] } }, createDashboard({}, { annotations: { list } }));
  expect(queryCheck).toMatchObject({ source: 'annotation', verdict: 'ok', series: 0 });
});

test('exemplars are counted for panels that show them', async () => {
  const data = {
    query_range: { result: [series('1')] },
    query_exemplars: [{ exemplars: [{}, {}] }, { exemplars: [{}] }],
  };
  expect(await check(data, createDashboard({ exemplar: true }))).toMatchObject([{ exemplars: 3, verdict: 'ok' }]);
});

test('the table has one line per query', async () => {
  const checks = await check({ query_range: { result: [] } }, createDashboard({}));
  expect(
    formatTable(checks)
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ['dashboard', 'panel', 'ref', 'series', 'sample', 'exemplars', 'verdict'],
    ['One', 'Panel', 'A', '0', 'no data'],
  ]);
});

test('the table contains the error message of a failed query', async () => {
  expect(formatTable(await check({}, createDashboard({ expr: '$gone' })))).toMatch(/ error: unknown variable gone$/);
});

const tool = fileURLToPath(new URL('../check-queries.ts', import.meta.url));

function run(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', tool, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

test.each([[[]], [['http://127.0.0.1:1', 'two']], [['not a url']], [['--range', 'long', 'http://127.0.0.1:1']]])(
  'for invalid arguments, the program prints the usage and exits with status 2: %j',
  async (args) => {
    const { code, output } = await run(...args);
    expect(code).toBe(2);
    expect(output).toContain('usage: check-queries');
  },
  20_000,
);

test('the exit status is 0 if all queries succeed, otherwise 1', async () => {
  const result = { result: [{ metric: {}, value: [0, '1'], values: [[0, '1']] }] };
  const labelValues = { 'label/job/values': ['a'], 'label/instance/values': ['a'], 'label/target/values': ['a'] };
  const url = await startPrometheus({ ...labelValues, query: result, query_range: result, query_exemplars: [] });
  expect(await run(url)).toMatchObject({ code: 0, output: expect.stringContaining(' 0 failed or without data') });
  server?.close();
  expect((await run(url)).code).toBe(1);
}, 20_000);
