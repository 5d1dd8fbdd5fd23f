import type { Json } from '../../model/json.ts';
import type { Page } from './page.ts';

/** What a route answers: `data`, and for a page where it stands among how many. */
export interface Reply {
  data: Json;
  page?: number;
  page_size?: number;
  query_count?: number;
}

export function replied(data: Json): Reply {
  return { data };
}

/** What most deletions answer, and all that have nothing to tell. */
export const DONE: Reply = { data: {} };
/** What updates answer. */
export const UPDATED: Reply = { data: '' };

export function paged<Item>(page: Page, found: { items: Item[]; total: number }, show: (item: Item) => Json): Reply {
  return { data: found.items.map(show), page: page.page, page_size: page.pageSize, query_count: found.total };
}

export function successText(reply: Reply): string {
  return jsonText({ code: 0, msg: '', ...reply });
}

export function failureText(status: number, message: string): string {
  return jsonText({ code: status, msg: message, data: {} });
}

/** As Go's encoder writes it: two spaces, and no character that would mean something in a page of HTML. */
function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[<>&\u2028\u2029]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A free map with its keys in order, all the way down; JSON columns keep them in an order of their own. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** RFC 3339 to the second, in the server's own time zone. */
export function timeText(time: Date): string {
  const offset = -time.getTimezoneOffset();
  const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const two = (amount: number) => String(Math.floor(amount)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
}
