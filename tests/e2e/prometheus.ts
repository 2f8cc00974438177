import type { Stack } from './stack.ts';
import { askJson } from './stack.ts';

interface Envelope<T> {
  status: string;
  data: T;
}

export interface Sample {
  metric: Record<string, string>;
  /** Seconds since 1970, and the value as text. */
  value: [number, string];
}

async function get<T>(stack: Stack, path: string): Promise<T> {
  return (await askJson<Envelope<T>>(stack, `${stack.prometheus}/api/v1/${path}`)).data;
}

export async function query(stack: Stack, expression: string): Promise<Sample[]> {
  return (await get<{ result: Sample[] }>(stack, `query?query=${encodeURIComponent(expression)}`)).result;
}

/** Of one series; undefined if there is none, or more than one. */
export async function value(stack: Stack, expression: string): Promise<number | undefined> {
  const [only, ...others] = await query(stack, expression);
  return only && others.length === 0 ? Number(only.value[1]) : undefined;
}

export interface Target {
  job: string;
  instance: string;
  health: string;
  lastError: string;
}

export async function targets(stack: Stack): Promise<Target[]> {
  interface Active {
    labels: Record<string, string>;
    health: string;
    lastError: string;
  }
  const { activeTargets } = await get<{ activeTargets: Active[] }>(stack, 'targets?state=active');
  return activeTargets.map(({ labels, health, lastError }) => ({
    job: labels['job'] ?? '',
    instance: labels['instance'] ?? '',
    health,
    lastError,
  }));
}

export interface Rule {
  name: string;
  type: 'alerting' | 'recording';
  health: string;
  lastError?: string;
}

export async function rules(stack: Stack): Promise<Rule[]> {
  const { groups } = await get<{ groups: { rules: Rule[] }[] }>(stack, 'rules');
  return groups.flatMap((group) => group.rules);
}

export interface Alert {
  labels: Record<string, string>;
  state: 'pending' | 'firing';
}

export async function alerts(stack: Stack): Promise<Alert[]> {
  return (await get<{ alerts: Alert[] }>(stack, 'alerts')).alerts;
}

/** Trace ids of the exemplars of the last five minutes. */
export async function exemplarTraces(stack: Stack, series: string): Promise<string[]> {
  const now = Date.now() / 1000;
  const found = await get<{ exemplars: { labels: Record<string, string> }[] }[]>(
    stack,
    `query_exemplars?query=${encodeURIComponent(series)}&start=${now - 300}&end=${now}`,
  );
  return found.flatMap((each) => each.exemplars.map((one) => one.labels['trace_id'] ?? ''));
}
