import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { lint, type ComposeFile, type ComposeService } from '../../tests/e2e/compose_lint.ts';

type Port = NonNullable<ComposeService['ports']>[number];

/** `[ADDRESS:]PUBLISHED:TARGET`, as compose.yml writes what `docker compose config` spells out. */
function spelledOut(port: string): Port {
  const [target = '', published = '', address] = port.split(':').reverse();
  return { target: Number(target), published, ...(address === undefined ? {} : { host_ip: address }) };
}

function composeFile(): ComposeFile {
  const file = parse(readFileSync(new URL('../../compose.yml', import.meta.url), 'utf8'), { merge: true }) as {
    services: Record<string, Omit<ComposeService, 'ports'> & { ports?: string[] }>;
  };
  const services = Object.entries(file.services).map(([name, { ports, ...rest }]) => [
    name,
    { ...rest, ports: (ports ?? []).map(spelledOut) },
  ]);
  return { services: Object.fromEntries(services) as Record<string, ComposeService> };
}

const sound: ComposeService = {
  image: 'cohort/time-service:0.1.0',
  user: '65532:65532',
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  restart: 'unless-stopped',
  healthcheck: { test: ['CMD', '/bin/time-service', '--healthcheck'] },
  logging: { options: { 'max-size': '10m' } },
  deploy: { resources: { limits: { cpus: '1.0', memory: '256M', pids: 64 } } },
  depends_on: { gateway: { condition: 'service_started' } },
  ports: [{ host_ip: '127.0.0.1', published: '5001', target: 5001 }],
};

const complaints = (change: Partial<ComposeService>): string[] => lint({ services: { one: { ...sound, ...change } } });

describe('compose.yml', () => {
  it('has all the services of the contract', () => {
    expect(Object.keys(composeFile().services)).toEqual(
      expect.arrayContaining([
        'time-service', 'system-info-service', 'weather-service', 'dashboard-service', 'loadgen', 'prometheus', 'alertmanager', 'grafana',
      ]),
    );
  });

  it('starts nothing that the rules for containers complain of', () => {
    expect(lint(composeFile())).toEqual([]);
  });
});

describe('the rules for containers', () => {
  it('have nothing to say about a sound one, nor about one that runs once without a health check', () => {
    expect(complaints({})).toEqual([]);
    const { healthcheck, ...unchecked } = { ...sound, restart: 'no' };
    expect(healthcheck).toBeDefined();
    expect(lint({ services: { one: unchecked } })).toEqual([]);
  });

  it.each<[string, Partial<ComposeService>]>([
    ['image without a pinned version', { image: 'grafana/grafana' }],
    ['image without a pinned version', { image: 'grafana/grafana:latest' }],
    ['runs as root, or as nobody says whom', { user: '0:0' }],
    ['runs as root, or as nobody says whom', { user: '' }],
    ['root file system can be written to', { read_only: false }],
    ['keeps capabilities', { cap_drop: [] }],
    ['is privileged', { privileged: true }],
    ['may gain privileges', { security_opt: [] }],
    ['no health check', { healthcheck: {} }],
    ['no health check', { healthcheck: { test: ['CMD', 'x'], disable: true } }],
    ['logs grow without end', { logging: {} }],
    ['no limit of CPU, memory or processes', { deploy: { resources: { limits: { cpus: '1', memory: '1G' } } } }],
    ['waits for other without a condition', { depends_on: { other: {} } }],
    ['port 5001 is open to the network', { ports: [{ published: '5001', target: 5001 }] }],
  ])('complain: %s', (complaint, change) => {
    expect(complaints(change)).toEqual([`one: ${complaint}`]);
  });

  it('want a restart policy', () => {
    const { restart, ...without } = sound;
    expect(restart).toBeDefined();
    expect(lint({ services: { one: without } })).toEqual(['one: no restart policy']);
  });

  it('let the dashboard be reached from outside', () => {
    expect(complaints({ ports: [{ published: '5000', target: 5000 }] })).toEqual([]);
  });
});
