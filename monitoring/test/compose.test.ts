// SPDX-License-Identifier: BSL-1.0
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { lint, type ComposeFile, type ComposeService } from '../../tests/e2e/support/compose_lint.ts';

type Port = NonNullable<ComposeService['ports']>[number];
type Environment = Record<string, string>;

const readRoot = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Replaces `${NAME}` and `${NAME:-default}` as compose does. */
function interpolate(text: string, environment: Environment): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_match, name: string, fallback = '') => environment[name] || fallback);
}

/** Converts `[ADDRESS:]PUBLISHED:TARGET` to the long form that `docker compose config` prints. */
function parsePort(port: string): Port {
  const [target = '', published = '', address] = port.split(':').reverse();
  return { target: Number(target), published, ...(address === undefined ? {} : { host_ip: address }) };
}

function readComposeFile(environment: Environment = {}): ComposeFile {
  const file = parse(readRoot('compose.yml'), { merge: true }) as {
    services: Record<string, Omit<ComposeService, 'ports'> & { ports?: string[] }>;
  };
  const services = Object.entries(file.services).map(([name, { ports, ...rest }]) => [
    name,
    { ...rest, ports: (ports ?? []).map((port) => parsePort(interpolate(port, environment))) },
  ]);
  return { services: Object.fromEntries(services) as Record<string, ComposeService> };
}

/** Published port by target port, over all services. */
function publishedPorts(environment: Environment = {}): Record<number, string> {
  const ports = Object.values(readComposeFile(environment).services).flatMap((service) => service.ports ?? []);
  return Object.fromEntries(ports.map(({ target, published = '' }) => [target, published]));
}

const validService: ComposeService = {
  image: 'cohort/time-service:0.2.0',
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

const problemsOf = (overrides: Partial<ComposeService>): string[] =>
  lint({ services: { one: { ...validService, ...overrides } } });

describe('compose.yml', () => {
  it('the services of the contract exist', () => {
    expect(Object.keys(readComposeFile().services)).toEqual(
      expect.arrayContaining([
        'time-service', 'system-info-service', 'weather-service', 'dashboard-service', 'loadgen', 'prometheus', 'alertmanager', 'grafana',
      ]),
    );
  });

  it('the services have no lint problems', () => {
    expect(lint(readComposeFile())).toEqual([]);
  });

  it('the default ports are those of the contract', () => {
    expect(publishedPorts()).toMatchObject({
      5000: '5000',
      5001: '5001',
      5002: '5002',
      5003: '5003',
      5004: '5004',
      9090: '9090',
      9093: '9093',
      3000: '3000',
      16686: '16686',
      4318: '4318',
      9428: '9428',
    });
  });

  it('each published port comes from a variable that .env.example lists with its default', () => {
    const variables = {
      5000: 'DASHBOARD_PORT',
      5001: 'TIME_PORT',
      5002: 'SYSINFO_PORT',
      5003: 'WEATHER_PORT',
      5004: 'GATEWAY_PORT',
      9090: 'PROMETHEUS_PORT',
      9093: 'ALERTMANAGER_PORT',
      3000: 'GRAFANA_PORT',
      16686: 'JAEGER_PORT',
      4318: 'OTLP_PORT',
      9428: 'VICTORIALOGS_PORT',
    };
    const environment = Object.fromEntries(Object.values(variables).map((name, index) => [name, String(7000 + index)]));
    const published = publishedPorts(environment);
    for (const [target, name] of Object.entries(variables)) {
      expect(published[Number(target)]).toBe(environment[name]);
      expect(readRoot('.env.example')).toContain(`#${name}=${target}\n`);
    }
  });

  it('each port of a container is published under a variable of .env.example, with the same number as the default', () => {
    for (const [, name, published, target] of readRoot('compose.yml').matchAll(/\$\{(\w+_PORT):-(\d+)\}:(\d+)/g)) {
      expect(published).toBe(target);
      expect(readRoot('.env.example')).toContain(`#${name}=${target}\n`);
    }
  });

  it('Prometheus has a job for each service, at its port', () => {
    const jobs = readRoot('monitoring/prometheus/prometheus.yml');
    for (const [name, { healthcheck, ports }] of Object.entries(readComposeFile().services)) {
      if (!name.endsWith('-service') || healthcheck === undefined) continue;
      const port = ports?.[0]?.target ?? '\\d+';
      expect(jobs).toMatch(new RegExp(`names: \\[${name}\\], type: A, port: ${port},`));
    }
  });

  it('every service receives the variables of the OTLP export, and .env.example lists these variables', () => {
    const services = readComposeFile().services as Record<string, { environment?: Environment }>;
    const names = (name: string) => Object.keys(services[name]?.environment ?? {}).filter((each) => each.startsWith('OTEL_'));
    expect(names('time-service')).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    for (const name of ['system-info-service', 'weather-service', 'dashboard-service']) {
      expect(names(name)).toEqual(names('time-service'));
    }
    const example = readRoot('.env.example');
    expect(names('time-service').filter((name) => !new RegExp(`^#${name}=`, 'm').test(example))).toEqual([]);
    const source = readRoot('core/cohort/service/otlp/otlp_settings.cpp');
    const known = (name: string) => source.includes(name) || source.includes(name.replace(/^OTEL_EXPORTER_OTLP_(TRACES_|LOGS_)?/, ''));
    expect(names('time-service').filter((name) => !known(name))).toEqual([]);
  });

  it('Jaeger and VictoriaLogs start only with their profiles, and the links of Grafana and Jaeger point to them', () => {
    const { services } = readComposeFile();
    expect(services['jaeger']?.profiles).toEqual(['traces']);
    expect(services['victorialogs']?.profiles).toEqual(['logs']);
    interface Provisioning {
      datasources: { uid: string; url: string; jsonData: { exemplarTraceIdDestinations?: { name: string; datasourceUid?: string; url?: string }[] } }[];
    }
    const findDataSource = (name: string) =>
      (parse(readRoot(`monitoring/grafana/provisioning/datasources/${name}.yml`)) as Provisioning).datasources[0];
    const destinations = findDataSource('prometheus')?.jsonData.exemplarTraceIdDestinations ?? [];
    expect(destinations.map(({ name }) => name)).toEqual(['trace_id', 'trace_id']);
    expect(destinations[0]?.datasourceUid).toBe(findDataSource('jaeger')?.uid);
    expect(findDataSource('jaeger')?.url).toBe('http://jaeger:16686');
    expect(destinations[1]?.url).toContain('http://localhost:9428/');
    const ui = JSON.parse(readRoot('monitoring/jaeger/ui.json')) as { linkPatterns: { url: string }[] };
    expect(ui.linkPatterns[0]?.url).toContain('http://localhost:9428/');
  });

  it('RabbitMQ starts only with the profile queue, without a published port, and both services can connect to it', () => {
    const { services } = readComposeFile();
    const broker = services['rabbitmq'];
    expect(broker?.profiles).toEqual(['queue']);
    expect(broker?.ports).toEqual([]);
    expect(broker?.healthcheck?.test?.[1]).toBe('rabbitmq-diagnostics');
    expect(lint({ services: { rabbitmq: broker ?? {} } })).toEqual([]);
    for (const name of ['weather-service', 'dashboard-service']) {
      expect(Object.keys((services[name] as unknown as { environment: object }).environment)).toContain('MESSAGING_URL');
    }
    // The documented URL refers to this broker.
    expect(readRoot('docs/guide/messages.md')).toContain('MESSAGING_URL=amqp://cohort:secret@rabbitmq docker compose --profile queue');
  });

  it('the job, the panels and the alerts of the profile queue exist', () => {
    interface Job {
      job_name: string;
      dns_sd_configs?: { names: string[]; port: number }[];
    }
    const { scrape_configs: jobs } = parse(readRoot('monitoring/prometheus/prometheus.yml')) as { scrape_configs: Job[] };
    const [target] = jobs.find(({ job_name: name }) => name === 'rabbitmq')?.dns_sd_configs ?? [];
    expect(target).toMatchObject({ names: ['rabbitmq'], port: 15692 });
    const dashboard = readRoot('monitoring/grafana/dashboards/runtime.json');
    const rules = readRoot('monitoring/prometheus/rules/messaging.yml');
    for (const metric of ['outbox_messages', 'published_total', 'received_total']) expect(dashboard.includes(`cohort_messaging_${metric}`)).toBe(true);
    for (const metric of ['connected', 'outbox_messages', 'received_total']) expect(rules.includes(`cohort_messaging_${metric}`)).toBe(true);
    const runbook = readRoot('monitoring/RUNBOOK.md');
    for (const alert of ['MessageBrokerUnreachable', 'MessageOutboxFilling', 'MessagesDeadLettered']) {
      expect(rules).toContain(`alert: ${alert}`);
      expect(runbook).toContain(alert);
    }
  });

  it('the services receive every environment variable that they support, and .env.example lists it', () => {
    const directories = ['services', 'core/cohort/service', 'core/cohort/faults'];
    const sources = directories.flatMap((directory) =>
      readdirSync(new URL(`../../${directory}`, import.meta.url), { recursive: true })
        .map((path) => `${directory}/${String(path)}`)
        .filter((path) => path.endsWith('.cpp')),
    );
    const declarations = sources.flatMap((path) => [...readRoot(path).matchAll(/"--[a-z-]+",\s*"([A-Z_]+)"/g)]);
    // TLS needs certificate files in the containers, which this stack does not mount.
    const variables = declarations.map(([, name = '']) => name).filter((name) => !name.includes('TLS_'));
    expect(variables).toContain('WEATHER_SAMPLE');
    const compose = readRoot('compose.yml');
    expect(variables.filter((name) => !new RegExp(`^ +${name}:`, 'm').test(compose))).toEqual([]);
    expect(variables.filter((name) => !new RegExp(`^#${name}=`, 'm').test(readRoot('.env.example')))).toEqual([]);
  });

  describe('with compose.tls.yml', () => {
    interface Override {
      environment?: Environment;
      volumes?: string[];
      entrypoint?: string[];
      command?: string[];
    }
    const overrides = (parse(readRoot('compose.tls.yml'), { merge: true }) as { services: Record<string, Override> }).services;
    const programs = ['time-service', 'system-info-service', 'weather-service', 'dashboard-service'];

    it('compose.tls.yml changes only services of compose.yml, and has no lint problems', () => {
      const base = readComposeFile().services;
      const merged = Object.entries(base).map(([name, service]) => [name, { ...service, ...overrides[name] }]);
      expect(Object.keys(overrides).filter((name) => !(name in base))).toEqual([]);
      expect(lint({ services: Object.fromEntries(merged) as Record<string, ComposeService> })).toEqual([]);
    });

    it('every service accepts only TLS, and the inner services require the certificate of the dashboard', () => {
      for (const name of programs) {
        expect(overrides[name]?.environment).toMatchObject({ TLS_CERT: '/run/tls/tls.pem', TLS_KEY: '/run/tls/tls.key' });
      }
      for (const name of programs.slice(0, 3)) {
        expect(overrides[name]?.environment).toMatchObject({
          TLS_CLIENT_CA: '/run/tls/ca.pem',
          TLS_ALLOWED_CLIENT: 'spiffe://cohort/dashboard-service,spiffe://cohort/gateway-service,spiffe://cohort/loadgen',
        });
      }
      expect(overrides['dashboard-service']?.environment).toMatchObject({ UPSTREAM_TLS_CERT: '/run/tls/tls.pem' });
    });

    it('every service URL uses https', () => {
      const variables = Object.values(overrides).flatMap(({ environment = {} }) => Object.entries(environment));
      const urls = variables.filter(([name]) => name.endsWith('_URL')).map(([, url]) => url);
      expect(urls).toHaveLength(7);
      for (const url of urls) expect(url).toMatch(/^https:/);
      const baseUrls = Object.values(readComposeFile().services as Record<string, Override>)
        .flatMap(({ environment = {} }) => Object.entries(environment))
        .filter(([, value]) => /http:\/\/(time|system-info|weather|dashboard)-service/.test(value ?? ''));
      const overriddenNames = new Set(variables.map(([name]) => name));
      expect(baseUrls.filter(([name]) => !overriddenNames.has(name))).toEqual([]);
    });

    it('each container mounts only the certificates of its service, read-only and without the key of the CA', () => {
      for (const [name, { volumes = [] }] of Object.entries(overrides)) {
        expect(volumes).toEqual([`\${TLS_DIR:-./certs}/${name}:/run/tls:ro`]);
      }
      expect(Object.keys(overrides)).toContain('loadgen');
    });

    /** Runs the sed commands of a container's start script on a file of this repository. */
    function transform(service: string, path: string): string {
      const script = (overrides[service]?.command?.[0] ?? '').replaceAll('$$', '$');
      const command = /sed (?:[^>]|\\\n)*?(?=\/etc\/\w+\/\w+\.yml)/.exec(script)?.[0] ?? '';
      return execFileSync('sh', ['-c', `${command} ${fileURLToPath(new URL(`../../${path}`, import.meta.url))}`], {
        encoding: 'utf8',
      });
    }

    it('Prometheus scrapes the services by TLS, and verifies the name of each service', () => {
      interface Job {
        job_name: string;
        scheme?: string;
        tls_config?: { server_name: string; ca_file: string };
      }
      const prometheus = parse(transform('prometheus', 'monitoring/prometheus/prometheus.yml')) as {
        rule_files: string[];
        scrape_configs: Job[];
      };
      expect(prometheus.rule_files).toEqual(['/etc/prometheus/rules/*.yml']);
      const secure = prometheus.scrape_configs.filter(({ scheme }) => scheme === 'https');
      expect(secure.map(({ job_name }) => job_name).sort()).toEqual(
        Object.keys(readComposeFile().services).filter((name) => name.endsWith('-service')).sort(),
      );
      for (const { job_name, tls_config } of secure) {
        expect(tls_config).toMatchObject({ server_name: job_name, ca_file: '/run/tls/ca.pem' });
      }
    });

    it('Alertmanager calls the webhook by TLS with the API key', () => {
      const text = transform('alertmanager', 'monitoring/alertmanager/alertmanager.yml');
      const { receivers } = parse(text, { merge: true }) as {
        receivers: { webhook_configs: { url: string; http_config: Record<string, object> }[] }[];
      };
      for (const { url, http_config } of receivers.flatMap(({ webhook_configs }) => webhook_configs)) {
        expect(url).toBe('https://dashboard-service:5000/api/alerts');
        expect(http_config).toMatchObject({ tls_config: { ca_file: '/run/tls/ca.pem' }, authorization: { type: 'Bearer' } });
      }
      expect(receivers).toHaveLength(4);
    });
  });

  it('the services behind the gateway receive the addresses of clients', () => {
    const file = parse(readRoot('compose.yml'), { merge: true }) as {
      services: Record<string, { environment?: Record<string, string | null> }>;
    };
    const gateway = readRoot('services/gateway/haproxy.cfg');
    const servers = [...gateway.matchAll(/^ *server-template \S+ \S+ (\S+):\d+ (.*)$/gm)];
    expect(servers.map(([, name]) => name)).toEqual(['time-service', 'system-info-service', 'weather-service']);
    for (const [, name = '', options = ''] of servers) {
      expect(options.split(' ')).toContain('send-proxy-v2');
      const environment = file.services[name]?.environment;
      expect(environment?.['TRUSTED_PROXIES']).toBe('private');
      // The dashboard and Prometheus connect without a header.
      expect(environment?.['PROXY_PROTOCOL']).toBe('optional');
    }
    // The port of the dashboard is public, so peers in private networks can be clients.
    expect(file.services['dashboard-service']?.environment?.['TRUSTED_PROXIES']).toBeNull();
  });

  it('the API gateway routes requests to the ports of the services, with and without TLS', () => {
    const file = readRoot('services/gateway/routes.json');
    const { upstreams } = JSON.parse(file) as { upstreams: Record<string, { url: string }> };
    expect(Object.values(upstreams).map(({ url }) => url)).toEqual([
      'http://time-service:5001', 'http://system-info-service:5002', 'http://weather-service:5003', 'http://dashboard-service:5000',
    ]);
    expect(readRoot('services/gateway/routes.tls.json')).toBe(file.replaceAll('http://', 'https://'));
  });

  it('the images of the project have its version as the tag', () => {
    const version = /project\(cohort VERSION ([\d.]+)/.exec(readRoot('CMakeLists.txt'))?.[1];
    const images = Object.values(readComposeFile().services).map(({ image = '' }) => image);
    const ownImages = images.filter((image) => image.startsWith('cohort/'));
    expect(ownImages.length).toBeGreaterThanOrEqual(6);
    for (const image of ownImages) expect(image).toMatch(new RegExp(`:${version}$`));
  });
});

describe('the lint rules for containers', () => {
  it('a valid service, and a one-time service without a health check, are accepted', () => {
    expect(problemsOf({})).toEqual([]);
    const { healthcheck, ...withoutHealthCheck } = { ...validService, restart: 'no' };
    expect(healthcheck).toBeDefined();
    expect(lint({ services: { one: withoutHealthCheck } })).toEqual([]);
  });

  it.each<[string, Partial<ComposeService>]>([
    ['the image has no pinned version', { image: 'grafana/grafana' }],
    ['the image has no pinned version', { image: 'grafana/grafana:latest' }],
    ['the user is root or not set', { user: '0:0' }],
    ['the user is root or not set', { user: '' }],
    ['the root file system is writable', { read_only: false }],
    ['capabilities are not dropped', { cap_drop: [] }],
    ['the container is privileged', { privileged: true }],
    ['no-new-privileges is not set', { security_opt: [] }],
    ['there is no health check', { healthcheck: {} }],
    ['there is no health check', { healthcheck: { test: ['CMD', 'x'], disable: true } }],
    ['the log size is not limited', { logging: {} }],
    ['the limit of CPU, memory or processes is not set', { deploy: { resources: { limits: { cpus: '1', memory: '1G' } } } }],
    ['the dependency on other has no condition', { depends_on: { other: {} } }],
    ['port 5001 is published on all interfaces', { ports: [{ published: '5001', target: 5001 }] }],
  ])('an invalid service is reported: %s', (problem, overrides) => {
    expect(problemsOf(overrides)).toEqual([`one: ${problem}`]);
  });

  it('a service without a restart policy is rejected', () => {
    const { restart, ...withoutRestart } = validService;
    expect(restart).toBeDefined();
    expect(lint({ services: { one: withoutRestart } })).toEqual(['one: there is no restart policy']);
  });

  it('the dashboard may be published on all interfaces, on any port', () => {
    expect(problemsOf({ ports: [{ published: '5000', target: 5000 }] })).toEqual([]);
    expect(problemsOf({ ports: [{ published: '5050', target: 5000 }] })).toEqual([]);
  });
});
