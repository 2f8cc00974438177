// SPDX-License-Identifier: BSL-1.0
/** The series of the selected replicas, for the sections of the runtime dashboard. */
import { rate, selectedInstances, selectedServices, series, sumBy } from './promql.ts';

export const replicaSeries = (metric: string, ...matchers: string[]) => series(metric, selectedServices, selectedInstances, ...matchers);
export const replica = '{{job}} {{instance}}';
export const ratePerReplica = (metric: string) => sumBy('job, instance', rate(replicaSeries(metric)));
