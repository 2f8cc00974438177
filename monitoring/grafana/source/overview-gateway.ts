// SPDX-License-Identifier: BSL-1.0
/** Overview row about the API gateway. */
import type { Section } from './dashboard.ts';
import { chart, redThreshold } from './panel.ts';
import { orZero, rate, ratio, selectedServices, series, sumBy } from './promql.ts';

const perSecond = (labels: string, metric: string, ...matchers: string[]) =>
  sumBy(labels, rate(series(metric, selectedServices, ...matchers)));
const forwarded = 'gateway_service_route_requests_total';

export const gateway: Section = {
  title: 'API Gateway',
  id: 600,
  panels: [
    chart({
      id: 601,
      title: 'Forwarded Requests by Route',
      description: 'Requests that the gateway forwarded, by route and upstream, which shows the distribution by weight.',
      unit: 'reqps',
      width: 12,
      queries: [{ expr: orZero(perSecond('route, upstream', forwarded)), legend: '{{route}} to {{upstream}}' }],
    }),
    chart({
      id: 602,
      title: 'Failing Requests by Route',
      description: 'Fraction of the forwarded requests with a 5xx status. GatewayRouteFailing fires above the line.',
      unit: 'percentunit',
      width: 12,
      thresholds: redThreshold(0.5),
      queries: [
        { expr: orZero(ratio(perSecond('route, upstream', forwarded, 'code="5xx"'), perSecond('route, upstream', forwarded))), legend: '{{route}} to {{upstream}}' },
      ],
    }),
    chart({
      id: 603,
      title: 'Rejected Requests by Route',
      description: 'Requests that the gateway rejected before forwarding them: unauthorized, forbidden or rate-limited; and requests without a route.',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: orZero(perSecond('route, reason', 'gateway_service_route_rejections_total')), legend: '{{route}} {{reason}}' },
        { expr: orZero(perSecond('reason', 'gateway_service_unmatched_requests_total')), legend: '{{reason}}' },
      ],
    }),
    chart({
      id: 604,
      title: 'Rejected Tokens',
      description: 'Requests rejected because of their JSON Web Token, by reason. GatewayTokenKeyUnknown uses "unknown_key".',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: orZero(perSecond('reason', 'gateway_service_token_rejections_total')), legend: '{{reason}}' }],
    }),
    chart({
      id: 605,
      title: 'Mirrored Requests',
      description: 'Copies of requests for mirrors: sent, failed, dropped because too many are in flight, or skipped because of their body.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: orZero(perSecond('route, result', 'gateway_service_mirrored_requests_total')), legend: '{{route}} {{result}}' }],
    }),
  ],
};
