// SPDX-License-Identifier: BSL-1.0
/** The part of a service in `docker compose config --format json` that the lint rules read. */
export interface ComposeService {
  image?: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  privileged?: boolean;
  security_opt?: string[];
  restart?: string;
  profiles?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  logging?: { options?: Record<string, string> };
  deploy?: { resources?: { limits?: { cpus?: number | string; memory?: string; pids?: number } } };
  depends_on?: Record<string, { condition?: string }>;
  ports?: { host_ip?: string; published?: string; target: number }[];
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
}

/** The container ports that may be published on all network interfaces: only the dashboard. */
const publicPorts = [5000];

/** Returns one message per violation of the rules for containers. */
export function lint(file: ComposeFile): string[] {
  const problems: string[] = [];
  for (const [name, service] of Object.entries(file.services)) {
    const requireThat = (condition: boolean, problem: string): void => {
      if (!condition) problems.push(`${name}: ${problem}`);
    };
    const image = service.image ?? '';
    requireThat(/:[^:/]*\d/.test(image) && !image.endsWith(':latest'), 'the image has no pinned version');
    requireThat(/^[1-9]\d*(:\d+)?$/.test(service.user ?? ''), 'the user is root or not set');
    requireThat(service.read_only === true, 'the root file system is writable');
    requireThat(service.cap_drop?.includes('ALL') === true, 'capabilities are not dropped');
    requireThat(service.privileged !== true, 'the container is privileged');
    requireThat(service.security_opt?.includes('no-new-privileges:true') === true, 'no-new-privileges is not set');
    requireThat(service.restart !== undefined, 'there is no restart policy');
    const hasHealthCheck = service.healthcheck?.test !== undefined && service.healthcheck.disable !== true;
    requireThat(service.restart === 'no' || hasHealthCheck, 'there is no health check');
    requireThat(service.logging?.options?.['max-size'] !== undefined, 'the log size is not limited');
    const { cpus, memory, pids } = service.deploy?.resources?.limits ?? {};
    requireThat(
      cpus !== undefined && memory !== undefined && pids !== undefined,
      'the limit of CPU, memory or processes is not set',
    );
    for (const [dependency, { condition }] of Object.entries(service.depends_on ?? {})) {
      requireThat(condition !== undefined, `the dependency on ${dependency} has no condition`);
    }
    for (const port of service.ports ?? []) {
      requireThat(
        port.host_ip === '127.0.0.1' || publicPorts.includes(port.target),
        `port ${port.target} is published on all interfaces`,
      );
    }
  }
  return problems;
}
