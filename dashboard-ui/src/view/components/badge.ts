// SPDX-License-Identifier: BSL-1.0
import type { ConnectionState } from '../../stream/connection-view.ts';
import type { PanelState } from '../../model.ts';
import { find, setText } from '../dom.ts';

export type BadgeStyle = { readonly icon: string; readonly tone: 'good' | 'warn' | 'bad' | 'idle' };

const badgeStyles: Record<PanelState | ConnectionState, BadgeStyle> = {
  fresh: { icon: 'check', tone: 'good' },
  stale: { icon: 'clock', tone: 'warn' },
  timeout: { icon: 'hourglass', tone: 'bad' },
  error: { icon: 'cross', tone: 'bad' },
  shed: { icon: 'shed', tone: 'warn' },
  open: { icon: 'broken', tone: 'bad' },
  waiting: { icon: 'dots', tone: 'idle' },
  unknown: { icon: 'question', tone: 'idle' },
  live: { icon: 'check', tone: 'good' },
  stalled: { icon: 'clock', tone: 'warn' },
  connecting: { icon: 'dots', tone: 'idle' },
  checking: { icon: 'dots', tone: 'idle' },
  locked: { icon: 'lock', tone: 'warn' },
  paused: { icon: 'pause', tone: 'idle' },
};

export function renderBadge(badge: Element, state: PanelState | ConnectionState, label: string): void {
  renderBadgeStyle(badge, badgeStyles[state], label);
}

export function renderBadgeStyle(badge: Element, style: BadgeStyle, label: string): void {
  badge.setAttribute('data-tone', style.tone);
  find(badge, 'use').setAttribute('href', `#icon-${style.icon}`);
  setText(find(badge, '.badge-label'), label);
}
