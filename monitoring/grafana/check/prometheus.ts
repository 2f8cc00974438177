/** Prometheus' HTTP API, as far as Grafana uses it for a board. */
import type { Question } from './questions.ts';
import { seconds, type Times } from './substitute.ts';

export interface Answer {
  /** Those with a value that is a number; of a variable: its values. */
  series: number;
  sample: string;
  /** Only of a query that asks for them. */
  exemplars?: number;
}

type Sample = [time: number, value: string];
interface Series {
  value?: Sample;
  values?: Sample[];
}
type Reply<T> = { status: 'success'; data: T } | { status: 'error'; error: string };

async function call<T>(base: string, path: string, parameters: Record<string, string>, method = 'POST'): Promise<T> {
  const url = new URL(`api/v1/${path}`, base.endsWith('/') ? base : `${base}/`);
  const body = new URLSearchParams(parameters);
  if (method === 'GET') url.search = body.toString();
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(30_000),
    ...(method === 'POST' ? { body } : {}),
  });
  const text = await response.text();
  let reply: Reply<T>;
  try {
    reply = JSON.parse(text) as Reply<T>;
  } catch {
    throw new Error(`${url.pathname}: status ${response.status}, and no JSON`);
  }
  if (reply.status !== 'success') throw new Error(reply.error);
  return reply.data;
}

const isNumber = ([, value]: Sample) => value !== 'NaN';

async function askVariable(base: string, query: string, times: Record<string, string>): Promise<Answer> {
  const [, selector, label] = /^label_values\((?:(.+), *)?(\w+)\)$/.exec(query) ?? [];
  if (label === undefined) throw new Error('only label_values(selector, label) is understood');
  const match: Record<string, string> = selector === undefined ? {} : { 'match[]': selector };
  const values = await call<string[]>(base, `label/${label}/values`, { ...match, ...times }, 'GET');
  return { series: values.length, sample: values[0] ?? '' };
}

/** A series that has nothing but NaN shows nothing, and does not count. */
export async function ask(base: string, question: Question, times: Times, now: Date): Promise<Answer> {
  const end = now.getTime() / 1000;
  const range = { start: String(end - seconds(times.range)), end: String(end) };
  if (question.kind === 'variable') return askVariable(base, question.query, range);
  const { query } = question;
  const { result } = question.instant
    ? await call<{ result: Series[] }>(base, 'query', { query, time: String(end) })
    : await call<{ result: Series[] }>(base, 'query_range', { query, ...range, step: String(seconds(times.interval)) });
  const shown = result.map(({ value, values = [] }) => (value === undefined ? values : [value]).filter(isNumber));
  const numbers = shown.filter((samples) => samples.length > 0);
  const answer: Answer = { series: numbers.length, sample: numbers[0]?.at(-1)?.[1] ?? '' };
  if (!question.exemplar) return answer;
  const found = await call<{ exemplars: unknown[] }[]>(base, 'query_exemplars', { query, ...range });
  return { ...answer, exemplars: found.reduce((sum, { exemplars }) => sum + exemplars.length, 0) };
}
