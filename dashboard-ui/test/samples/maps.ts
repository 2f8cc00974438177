// SPDX-License-Identifier: BSL-1.0
interface Values {
  readonly atMs: number;
  readonly calls?: number;
  readonly failures?: number;
  readonly closed?: number;
  readonly open?: number;
  readonly halfOpen?: number;
  readonly addresses?: number;
  readonly ejected?: number;
  readonly requests?: number;
  readonly providerFailures?: number;
  readonly cooldownMs?: number;
}

/** The data of a `map` event; the three services have the same values. */
export function mapBody(values: Values) {
  const service = {
    calls: values.calls ?? 0,
    failures: values.failures ?? 0,
    in_flight: 0,
    breakers: { closed: values.closed ?? 1, open: values.open ?? 0, half_open: values.halfOpen ?? 0 },
    addresses: values.addresses ?? 1,
    ejected: values.ejected ?? 0,
  };
  const provider = { name: 'wttr.in', requests: values.requests ?? 0, failures: values.providerFailures ?? 0, cooldown_ms: values.cooldownMs ?? 0 };
  return {
    at_ms: values.atMs,
    services: { time_service: service, sysinfo_service: service, weather_service: service },
    weather: { service: 'weather-service', providers: [provider, { name: 'open-meteo', requests: 0, failures: 0, cooldown_ms: 0 }] },
  };
}
