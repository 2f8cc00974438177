/** Runs every query of every board against a Prometheus, and tells which show nothing. */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readBoards, type BoardJson } from './board-json.ts';
import { ask } from './check/prometheus.ts';
import { questionsOf, type Question } from './check/questions.ts';
import { builtIns, seconds, type Times } from './check/substitute.ts';

export type Verdict = 'ok' | 'no data' | 'error';

export interface Outcome extends Question {
  verdict: Verdict;
  series: number;
  /** The newest value of the first series; of a variable: its first value. */
  sample: string;
  /** Only of a query that asks for them. None is no failure: Prometheus keeps them only if told to. */
  exemplars?: number;
  /** Why it failed. */
  message?: string;
}

export interface Options extends Partial<Times> {
  /** Where Prometheus is, such as `http://127.0.0.1:9090`. */
  prometheus: string;
  boards?: BoardJson[];
  now?: Date;
}

const defaults: Times = { rateInterval: '1m', interval: '15s', range: '5m' };

async function judge(question: Question, base: string, times: Times, now: Date): Promise<Outcome> {
  const nothing = { series: 0, sample: '' };
  if (question.problem !== undefined) return { ...question, ...nothing, verdict: 'error', message: question.problem };
  try {
    const answer = await ask(base, question, times, now);
    // No annotation is good news.
    const empty = answer.series === 0 && question.kind !== 'annotation';
    return { ...question, ...answer, verdict: empty ? 'no data' : 'ok' };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    const message = `${error instanceof Error ? error.message : String(error)}${cause}`;
    return { ...question, ...nothing, verdict: 'error', message };
  }
}

/** All is well if each verdict is `ok`. Panels need traffic: run it while there is some. */
export async function checkQueries(options: Options): Promise<Outcome[]> {
  const { prometheus, boards = readBoards(), now = new Date(), ...given } = options;
  const times = { ...defaults, ...given };
  const outcomes: Outcome[] = [];
  for (const board of boards) {
    for (const question of questionsOf(board, builtIns(times))) {
      outcomes.push(await judge(question, prometheus, times, now));
    }
  }
  return outcomes;
}

export function tableOf(outcomes: Outcome[]): string {
  const heading = ['board', 'panel', 'ref', 'series', 'sample', 'exemplars', 'verdict'];
  const rows = outcomes.map((each) => [
    each.board,
    each.kind === 'panel' ? each.name : `(${each.kind}) ${each.name}`,
    each.refId,
    String(each.series),
    each.sample,
    each.exemplars === undefined ? '' : String(each.exemplars),
    each.message === undefined ? each.verdict : `${each.verdict}: ${each.message}`,
  ]);
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const usage = `usage: check-queries [--rate-interval ${defaults.rateInterval}] [--interval ${defaults.interval}] [--range ${defaults.range}] PROMETHEUS-URL`;

function parsed(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'rate-interval': { type: 'string' }, interval: { type: 'string' }, range: { type: 'string' } },
  });
  const [prometheus] = positionals;
  if (prometheus === undefined || positionals.length > 1) throw new Error('one URL is wanted');
  const times = {
    rateInterval: values['rate-interval'] ?? defaults.rateInterval,
    interval: values.interval ?? defaults.interval,
    range: values.range ?? defaults.range,
  };
  Object.values(times).forEach(seconds);
  return { prometheus: new URL(prometheus).href, ...times };
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = parsed(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const outcomes = await checkQueries(options);
  console.log(tableOf(outcomes));
  const bad = outcomes.filter(({ verdict }) => verdict !== 'ok').length;
  console.log(`\n${outcomes.length} queries, ${bad} without an answer`);
  return bad === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main();
}
