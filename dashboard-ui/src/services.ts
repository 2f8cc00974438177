// SPDX-License-Identifier: BSL-1.0
/** The services that the server calls, and their names on the page. */
export const services = [
  { key: 'time_service', panel: 'time', name: 'time' },
  { key: 'sysinfo_service', panel: 'system', name: 'system' },
  { key: 'weather_service', panel: 'weather', name: 'weather' },
] as const;

export type PanelName = (typeof services)[number]['panel'];

/** The name of a service on the page; the key for an unknown service. */
export function serviceName(key: string): string {
  return services.find((service) => service.key === key)?.name ?? key;
}

/** The results of `read` for the keys of the services, without nulls. */
export function readServices<T>(read: (key: string) => T | null): Map<string, T> {
  return new Map(
    services.flatMap(({ key }): [string, T][] => {
      const value = read(key);
      return value === null ? [] : [[key, value]];
    }),
  );
}
