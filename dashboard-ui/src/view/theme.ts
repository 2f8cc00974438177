// SPDX-License-Identifier: BSL-1.0
import { findAs, setText } from './dom.ts';

const schemes = ['light dark', 'light', 'dark'] as const;
const names = { 'light dark': 'auto', light: 'light', dark: 'dark' } as const;
const storageKey = 'theme';

/** The button for the color scheme: system, light or dark. The browser stores the selection. */
export function addThemeButton(root: ParentNode): void {
  const button = findAs(root, '#theme', HTMLButtonElement);
  let current = schemes.find((scheme) => names[scheme] === loadStoredName()) ?? 'light dark';
  const apply = () => {
    document.documentElement.style.colorScheme = current;
    setText(button, `Theme: ${names[current]}`);
  };
  button.addEventListener('click', () => {
    current = schemes[(schemes.indexOf(current) + 1) % schemes.length] ?? 'light dark';
    apply();
    store(names[current]);
  });
  apply();
}

/** Returns null if storage is blocked. */
function loadStoredName(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function store(name: string): void {
  try {
    localStorage.setItem(storageKey, name);
  } catch {
    // Without storage, the selection applies until the page is closed.
  }
}
