import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { BoardJson, TargetJson } from '../board-json.ts';
import { checkQueries, tableOf } from '../check-queries.ts';

type Asked = { path: string; parameters: Record<string, string> };
let server: Server | undefined;
let asked: Asked[] = [];

afterEach(() => {
  server?.close();
  asked = [];
});

/** A Prometheus that gives `data` for each path under /api/v1/, or a text that is the whole body. */
async function prometheus(data: Record<string, unknown>): Promise<string> {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://prometheus');
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const path = pathname.replace('/api/v1/', '');
      asked.push({ path, parameters: Object.fromEntries([...searchParams, ...new URLSearchParams(body)]) });
      const given = data[path];
      response.end(typeof given === 'string' ? given : JSON.stringify({ status: 'success', data: given }));
    });
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function board(target: Partial<TargetJson>, more: Partial<BoardJson> = {}): BoardJson {
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
    ...more,
  };
}

const now = new Date('2026-01-01T00:10:00Z');
const end = String(now.getTime() / 1000);
const start = String(now.getTime() / 1000 - 300);
const series = (...values: string[]) => ({ metric: {}, values: values.map((value, index) => [index, value]) });
const check = async (data: Record<string, unknown>, of: BoardJson) =>
  checkQueries({ prometheus: await prometheus(data), boards: [of], now });

test('a panel over time asks for its range, with variables replaced', async () => {
  const [outcome] = await check({ query_range: { result: [series('1', '2'), series('7')] } }, board({}));
  expect(asked).toEqual([{ path: 'query_range', parameters: { query: 'rate(a[1m])', start, end, step: '15' } }]);
  expect(outcome).toMatchObject({ board: 'One', name: 'Panel', refId: 'A', verdict: 'ok', series: 2, sample: '2' });
});

test('a panel of now asks for one moment', async () => {
  const [outcome] = await check({ query: { result: [{ metric: {}, value: [0, '5'] }] } }, board({ instant: true }));
  expect(asked).toEqual([{ path: 'query', parameters: { query: 'rate(a[1m])', time: end } }]);
  expect(outcome).toMatchObject({ verdict: 'ok', series: 1, sample: '5' });
});

test.each([
  ['nothing', { result: [] }],
  ['nothing but NaN', { result: [series('NaN', 'NaN'), series('NaN')] }],
])('%s is no data', async (_what, result) => {
  expect(await check({ query_range: result }, board({}))).toMatchObject([{ verdict: 'no data', series: 0 }]);
});

test('a series that is NaN for a part of the time is one', async () => {
  const [outcome] = await check({ query_range: { result: [series('NaN', '3'), series('NaN')] } }, board({}));
  expect(outcome).toMatchObject({ verdict: 'ok', series: 1, sample: '3' });
});

test.each([
  ['what Prometheus says', '{"status":"error","errorType":"bad_data","error":"parse error: x"}', 'parse error: x'],
  ['an answer that is no JSON', '<html>', 'no JSON'],
])('%s is the error', async (_what, body, message) => {
  const [outcome] = await check({ query_range: body }, board({}));
  expect(outcome?.verdict).toBe('error');
  expect(outcome?.message).toContain(message);
});

test('a Prometheus that is not there is the error', async () => {
  const base = await prometheus({});
  server?.close();
  const [outcome] = await checkQueries({ prometheus: base, boards: [board({})], now });
  expect(outcome?.verdict).toBe('error');
  expect(outcome?.message).toContain('ECONNREFUSED');
});

test('a variable that the board does not have is the error, and nothing is asked', async () => {
  const [outcome] = await check({}, board({ expr: 'up{job=~"$service"}' }));
  expect(outcome).toMatchObject({ verdict: 'error', message: 'unknown variable service' });
  expect(asked).toEqual([]);
});

test('a variable asks for its values, and stands for All elsewhere', async () => {
  const list = [{ name: 'service', query: { query: 'label_values(up{job=~".+"}, job)' }, allValue: '.+-service' }];
  const of = board({ expr: 'up{job=~"$service"}' }, { templating: { list } });
  const outcomes = await check({ 'label/job/values': ['time', 'weather'], query_range: { result: [series('1')] } }, of);
  expect(asked.map(({ parameters }) => parameters['match[]'] ?? parameters['query'])).toEqual([
    'up{job=~".+"}',
    'up{job=~".+-service"}',
  ]);
  expect(outcomes[0]).toMatchObject({ kind: 'variable', name: '$service', verdict: 'ok', series: 2, sample: 'time' });
});

test('All is any value where the variable does not say otherwise', async () => {
  const list = [{ name: 'service', query: { query: 'label_values(job)' } }];
  const of = board({ expr: 'up{job=~"$service"}' }, { templating: { list } });
  const outcomes = await check({ 'label/job/values': ['time'], query_range: { result: [series('1')] } }, of);
  expect(outcomes[1]?.query).toBe('up{job=~".+"}');
});

test('a variable without values is no data', async () => {
  const list = [{ name: 'service', query: { query: 'label_values(job)' }, allValue: '.+' }];
  const [outcome] = await check(
    { 'label/job/values': [], query_range: { result: [] } },
    board({}, { templating: { list } }),
  );
  expect(outcome).toMatchObject({ kind: 'variable', verdict: 'no data' });
});

test('an annotation may find nothing, since nothing may have happened', async () => {
  const list = [{ name: 'Alerts', expr: 'ALERTS', target: { expr: 'ALERTS' } }];
  const [outcome] = await check({ query_range: { result: [] } }, board({}, { annotations: { list } }));
  expect(outcome).toMatchObject({ kind: 'annotation', verdict: 'ok', series: 0 });
});

test('exemplars are counted where a panel shows them', async () => {
  const data = {
    query_range: { result: [series('1')] },
    query_exemplars: [{ exemplars: [{}, {}] }, { exemplars: [{}] }],
  };
  expect(await check(data, board({ exemplar: true }))).toMatchObject([{ exemplars: 3, verdict: 'ok' }]);
});

test('the table has a line for each query', async () => {
  const outcomes = await check({ query_range: { result: [] } }, board({}));
  expect(
    tableOf(outcomes)
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ['board', 'panel', 'ref', 'series', 'sample', 'exemplars', 'verdict'],
    ['One', 'Panel', 'A', '0', 'no data'],
  ]);
});

test('the table says why a query failed', async () => {
  expect(tableOf(await check({}, board({ expr: '$gone' })))).toMatch(/ error: unknown variable gone$/);
});

const tool = fileURLToPath(new URL('../check-queries.ts', import.meta.url));

function run(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    execFile(process.execPath, ['--import', 'tsx', tool, ...args], (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

test.each([[[]], [['http://127.0.0.1:1', 'two']], [['not a url']], [['--range', 'long', 'http://127.0.0.1:1']]])(
  'wrong arguments are told with how it is used: %j',
  async (args) => {
    const { code, output } = await run(...args);
    expect(code).toBe(2);
    expect(output).toContain('usage: check-queries');
  },
  20_000,
);

test('the exit status tells whether all is well', async () => {
  const good = { result: [{ metric: {}, value: [0, '1'], values: [[0, '1']] }] };
  const labels = { 'label/job/values': ['a'], 'label/instance/values': ['a'], 'label/target/values': ['a'] };
  const url = await prometheus({ ...labels, query: good, query_range: good, query_exemplars: [] });
  expect(await run(url)).toMatchObject({ code: 0, output: expect.stringContaining(' 0 without an answer') });
  server?.close();
  expect((await run(url)).code).toBe(1);
}, 20_000);
