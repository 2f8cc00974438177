/** What of a service in `docker compose config --format json` is looked at. */
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

/** The only port that the world may reach. */
const publicPorts = ['5000'];

/** What is not as the contract has it, a line each. */
export function lint(file: ComposeFile): string[] {
  const wrong: string[] = [];
  for (const [name, service] of Object.entries(file.services)) {
    const want = (holds: boolean, what: string): void => {
      if (!holds) wrong.push(`${name}: ${what}`);
    };
    const runsOnce = service.restart === 'no';
    want(/:[^:/]*\d/.test(service.image ?? '') && !(service.image ?? '').endsWith(':latest'), 'image without a pinned version');
    want(/^[1-9]\d*(:\d+)?$/.test(service.user ?? ''), 'runs as root, or as nobody says whom');
    want(service.read_only === true, 'root file system can be written to');
    want(service.cap_drop?.includes('ALL') === true, 'keeps capabilities');
    want(service.privileged !== true, 'is privileged');
    want(service.security_opt?.includes('no-new-privileges:true') === true, 'may gain privileges');
    want(service.restart !== undefined, 'no restart policy');
    want(runsOnce || (service.healthcheck?.test !== undefined && service.healthcheck.disable !== true), 'no health check');
    want(service.logging?.options?.['max-size'] !== undefined, 'logs grow without end');
    const limits = service.deploy?.resources?.limits;
    want(limits?.cpus !== undefined && limits.memory !== undefined && limits.pids !== undefined, 'no limit of CPU, memory or processes');
    for (const [other, how] of Object.entries(service.depends_on ?? {})) want(how.condition !== undefined, `waits for ${other} without a condition`);
    for (const port of service.ports ?? []) {
      const isLocal = port.host_ip === '127.0.0.1';
      want(isLocal || publicPorts.includes(port.published ?? ''), `port ${port.published ?? port.target} is open to the network`);
    }
  }
  return wrong;
}
