// SPDX-License-Identifier: BSL-1.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Service {
  image: string;
  command: string[];
  user: string;
  read_only: boolean;
  cap_drop: string[];
  environment: Record<string, string | null>;
  healthcheck: { test: string[] };
  stop_grace_period: string;
  ports?: { target: number; mode: string }[];
  deploy: {
    replicas: number;
    placement: { max_replicas_per_node: number | string };
    endpoint_mode: string;
    update_config: { order: string; failure_action: string };
    resources: { limits: { memory: string } };
  };
}
const servicesOf = (path: string) => (parse(read(path), { merge: true }) as { services: Record<string, Service> }).services;
const compose = servicesOf('compose.yml');
const swarm = servicesOf('deploy/swarm/stack.yml');
/** A number, or the default in `${NAME-default}`. */
const parseNumber = (value: number | string | undefined): number => Number(/^\$\{[A-Z_]+-(\d+)\}$/.exec(String(value))?.[1] ?? value);
const seconds = (duration: string): number => Number(duration.replace(/s$/, ''));
/** The drain timeout of the services in seconds: the default of --drain-seconds. */
const drainSeconds = 10;

it('the Swarm stack has the four services', () => {
  expect(Object.keys(swarm).sort()).toEqual(['dashboard-service', 'system-info-service', 'time-service', 'weather-service']);
});

describe.each(Object.keys(swarm))('the Swarm service %s', (name) => {
  const service = swarm[name] as Service;
  const original = compose[name] as Service;

  it('the image, command, user and limits are those of compose', () => {
    for (const property of ['image', 'command', 'user', 'read_only', 'cap_drop', 'healthcheck'] as const) {
      expect(service[property], property).toEqual(original[property]);
    }
    expect(service.deploy.resources.limits).toEqual(original.deploy.resources.limits);
  });

  it('the stack file sets only variables that the service supports', () => {
    expect(Object.keys(original.environment)).toEqual(expect.arrayContaining(Object.keys(service.environment)));
  });

  it('the grace period covers the drain delay and the drain', () => {
    const delay = parseNumber(service.environment['DRAIN_DELAY'] ?? '');
    expect(seconds(service.stop_grace_period)).toBeGreaterThan(delay + drainSeconds);
  });

  it('a replica remains when one of two nodes is drained, and the node limit permits the new task of an update', () => {
    const { replicas, placement, update_config } = service.deploy;
    const perNode = parseNumber(placement.max_replicas_per_node);
    expect(perNode).toBeGreaterThan(0);
    expect(perNode).toBeLessThan(replicas);
    expect(2 * perNode).toBeGreaterThanOrEqual(update_config.order === 'start-first' ? replicas + 1 : replicas);
  });

  it('the name resolves to the addresses of all tasks, and a failed update is rolled back', () => {
    expect(service.deploy.endpoint_mode).toBe('dnsrr');
    expect(service.deploy.update_config.failure_action).toBe('rollback');
    // Only one task can use a port of the node, so the old task must stop first.
    expect(service.deploy.update_config.order).toBe(service.ports === undefined ? 'start-first' : 'stop-first');
    expect((service.ports ?? []).every(({ mode }) => mode === 'host')).toBe(true);
  });
});
