// SPDX-License-Identifier: BSL-1.0
import type { Headline, Tone } from '../request/headline.ts';
import { findAs, setText } from './dom.ts';

/** The shapes also differ, so that the states can be distinguished without color. */
const marks: Record<Tone, { color: string; path: string }> = {
  good: { color: '#17693a', path: 'M9 17l5 5 9-11' },
  warn: { color: '#9a6100', path: 'M16 8v10M16 23.5v.5' },
  bad: { color: '#b3261e', path: 'M10 10l12 12M22 10L10 22' },
  idle: { color: '#4b5762', path: 'M9 16h.1M16 16h.1M23 16h.1' },
};

export function renderHeadline(root: ParentNode, headline: Headline): void {
  const element = findAs(root, '#headline', HTMLElement);
  element.dataset['tone'] = headline.tone;
  setText(element, headline.text);
  if (document.title !== headline.title) document.title = headline.title;
  const icon = findAs(document, 'link[rel=icon]', HTMLLinkElement);
  if (icon.dataset['tone'] !== headline.tone) {
    icon.dataset['tone'] = headline.tone;
    icon.href = faviconFor(headline.tone);
  }
}

function faviconFor(tone: Tone): string {
  const { color, path } = marks[tone];
  const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="${color}"/><path d="${path}" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(image)}`;
}
