// SPDX-License-Identifier: BSL-1.0
import { eventNames, type EventName } from './model.ts';

export interface InitialEvent {
  readonly name: EventName;
  readonly data: string;
}

/** Parses the events in the HTML, `[["part",{…}],…]`; those with other names are ignored. */
export function parseInitial(text: string | null): InitialEvent[] {
  let list: unknown;
  try {
    list = JSON.parse(text ?? '');
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return (list as unknown[]).flatMap((item): InitialEvent[] => {
    if (!Array.isArray(item)) return [];
    const [type, data] = item as unknown[];
    const name = eventNames.find((known) => known === type);
    return name === undefined ? [] : [{ name, data: JSON.stringify(data) ?? '' }];
  });
}
