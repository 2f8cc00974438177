// SPDX-License-Identifier: BSL-1.0
import type { RequestRecord } from './request.ts';

export const maxRequests = 60;

/** The last requests, and the displayed request. Immutable. */
export interface Requests {
  /** Oldest first. */
  readonly list: readonly RequestRecord[];
  /** The key of the pinned request; null: the latest request is displayed. */
  readonly pinned: string | null;
}

export const emptyRequests: Requests = { list: [], pinned: null };

/** Adds a request, unless it is known. A pinned request stays in the list. */
export function withRequest(requests: Requests, added: RequestRecord): Requests {
  if (requests.list.some((known) => known.key === added.key)) return requests;
  const list = [...requests.list, added];
  while (list.length > maxRequests) list.splice(list[0]?.key === requests.pinned ? 1 : 0, 1);
  return { ...requests, list };
}

/** Inserts requests from the server's history before those of the stream. */
export function withEarlierRequests(requests: Requests, earlier: readonly RequestRecord[]): Requests {
  const known = new Set(requests.list.map((request) => request.key));
  const list = [...earlier.filter((request) => !known.has(request.key)), ...requests.list].slice(-maxRequests);
  return { ...requests, list };
}

/** The index of the request that is shown; -1 without requests. */
export function shownIndex(requests: Requests): number {
  const pinned = requests.list.findIndex((request) => request.key === requests.pinned);
  return pinned === -1 ? requests.list.length - 1 : pinned;
}

export function shownRequest(requests: Requests): RequestRecord | null {
  return requests.list[shownIndex(requests)] ?? null;
}

/** Pins the request at an index, which is clamped to the list. */
export function pinAt(requests: Requests, index: number): Requests {
  const boundedIndex = Math.min(Math.max(index, 0), requests.list.length - 1);
  return { ...requests, pinned: requests.list[boundedIndex]?.key ?? null };
}

export function unpin(requests: Requests): Requests {
  return { ...requests, pinned: null };
}
