// SPDX-License-Identifier: BSL-1.0
import type { Stack } from './stack.ts';
import { requestJson } from './stack.ts';

interface ApiResponse<T> {
  status: string;
  data: T;
}

export interface Sample {
  metric: Record<string, string>;
  /** Unix time in seconds, and the value as text. */
  value: [number, string];
}

async function get<T>(stack: Stack, path: string): Promise<T> {
  return (await requestJson<ApiResponse<T>>(stack, `${stack.prometheus}/api/v1/${path}`)).data;
}

export async function query(stack: Stack, expression: string): Promise<Sample[]> {
  return (await get<{ result: Sample[] }>(stack, `query?query=${encodeURIComponent(expression)}`)).result;
}

/** The value of an expression that yields one series; undefined if it yields none or several. */
export async function queryValue(stack: Stack, expression: string): Promise<number | undefined> {
  const [sample, ...others] = await query(stack, expression);
  return sample && others.length === 0 ? Number(sample.value[1]) : undefined;
}

export interface Target {
  job: string;
  instance: string;
  health: string;
  lastError: string;
}

export async function listTargets(stack: Stack): Promise<Target[]> {
  interface ActiveTarget {
    labels: Record<string, string>;
    health: string;
    lastError: string;
  }
  const { activeTargets } = await get<{ activeTargets: ActiveTarget[] }>(stack, 'targets?state=active');
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

export async function listRules(stack: Stack): Promise<Rule[]> {
  const { groups } = await get<{ groups: { rules: Rule[] }[] }>(stack, 'rules');
  return groups.flatMap((group) => group.rules);
}

export interface Alert {
  labels: Record<string, string>;
  state: 'pending' | 'firing';
}

export async function listAlerts(stack: Stack): Promise<Alert[]> {
  return (await get<{ alerts: Alert[] }>(stack, 'alerts')).alerts;
}

/** The trace IDs of the exemplars of the last five minutes. */
export async function listExemplarTraceIds(stack: Stack, series: string): Promise<string[]> {
  const now = Date.now() / 1000;
  const results = await get<{ exemplars: { labels: Record<string, string> }[] }[]>(
    stack,
    `query_exemplars?query=${encodeURIComponent(series)}&start=${now - 300}&end=${now}`,
  );
  return results.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels['trace_id'] ?? ''));
}
