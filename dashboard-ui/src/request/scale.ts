// SPDX-License-Identifier: BSL-1.0
import { milliseconds } from '../format.ts';

export interface Tick {
  /** Position on the axis, from 0 to 1. */
  readonly at: number;
  readonly label: string;
}

/** A time axis. */
export interface Scale {
  readonly kind: 'linear' | 'log';
  /** The end of the axis in milliseconds. */
  readonly end: number;
  /** The position of a time in milliseconds, from 0 to 1. */
  position(ms: number): number;
  readonly ticks: readonly Tick[];
}

/** The logarithmic axis is linear below this time, so that it can start at zero. */
const logUnit = 0.1;
/** The length of the axis divided by the deadline, to leave space for the saved waiting time. */
const linearAxisFactor = 1.28;
const logAxisFactor = 4;
/** If the deadline is below this multiple of the duration, both are visible on a linear axis. */
const maxLinearRatio = 8;

/**
 * The axis for a request of `duration` with a `deadline`, both in milliseconds. Without a `preference`, the axis is
 * logarithmic if the duration is only a small part of the deadline.
 */
export function scaleFor(duration: number, deadline: number | null, preference: Scale['kind'] | null): Scale {
  const longest = Math.max(duration, deadline ?? 0, 1);
  const adaptiveKind = deadline === null || deadline < duration * maxLinearRatio ? 'linear' : 'log';
  return (preference ?? adaptiveKind) === 'linear' ? linear(longest * linearAxisFactor) : logarithmic(longest * logAxisFactor);
}

/** A linear axis from 0 to `end` milliseconds. */
export function linear(end: number): Scale {
  const step = roundStep(end / 5);
  const ticks: Tick[] = [];
  for (let i = 0; i * step < end * 0.97; ++i) ticks.push({ at: (i * step) / end, label: i === 0 ? '0' : milliseconds(i * step) });
  return { kind: 'linear', end, position: (ms) => clamp(ms / end), ticks };
}

function logarithmic(end: number): Scale {
  const span = Math.log10(1 + end / logUnit);
  const position = (ms: number) => clamp(Math.log10(1 + Math.max(0, ms) / logUnit) / span);
  const ticks: Tick[] = [{ at: 0, label: '0' }];
  for (let ms = logUnit; ms < end * 0.8; ms *= 10) ticks.push({ at: position(ms), label: milliseconds(ms) });
  return { kind: 'log', end, position, ticks };
}

/** Rounds up to 1, 2 or 5 × 10ⁿ. */
function roundStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= value * 0.999) ?? 10;
  return factor * power;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
