import type { Json } from '../../model/json.ts';
import { EXIT, Failure } from '../failure.ts';

/** Rows asked for at once. */
const PAGE_SIZE = 100;

/** ms for one answer. */
const PATIENCE = 60_000;

/** A running orion, or what speaks as one. */
export class Orion {
  readonly url: string;
  readonly #headers: Record<string, string>;

  /** `token`: goes as it is into `Authorization`. */
  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, '');
    this.#headers = token === undefined ? {} : { authorization: token };
  }

  /** Every row of a list, page by page; each id once, though rows may move from page to page while they are read. */
  async all(path: string): Promise<OrionRow[]> {
    const rows = new Map<Json, OrionRow>();
    for (let page = 1; ; page++) {
      const place = `${path}?page=${page}&page_size=${PAGE_SIZE}`;
      const { data, query_count: total } = await this.#get(place);
      if (data !== null && !Array.isArray(data)) throw this.#strange(place, 'no list');
      for (const row of data ?? []) {
        if (!isRow(row)) throw this.#strange(place, 'a row without an id');
        rows.set(row.id, row);
      }
      const count = (data ?? []).length;
      // A short page is the last one, unless there should be more: then pages are shorter than asked for.
      if (count === 0 || (count < PAGE_SIZE && rows.size >= (total ?? 0))) return [...rows.values()];
    }
  }

  /** What is there, or undefined when this orion does not know the place (404). */
  async maybe(path: string): Promise<Json | undefined> {
    const answer = await this.#fetch(path);
    return answer.status === 404 ? undefined : this.#read(path, answer).data;
  }

  async #get(path: string): Promise<Envelope> {
    return this.#read(path, await this.#fetch(path));
  }

  async #fetch(path: string): Promise<Answer> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        headers: this.#headers,
        signal: AbortSignal.timeout(PATIENCE),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      const { cause } = error as Error;
      const reason = cause instanceof Error ? cause.message : (error as Error).message;
      throw new Failure(EXIT.unreachable, 'unreachable', `${this.url}${path} does not answer: ${reason}`);
    }
  }

  #read(path: string, { status, text }: Answer): Envelope {
    const envelope = envelopeOf(text);
    if (status !== 200 || envelope?.code !== 0)
      throw this.#strange(path, `${status} ${envelope?.msg ?? beginning(text)}`, status);
    return envelope;
  }

  #strange(path: string, what: string, status = 200): Failure {
    const exitCode = status === 401 || status === 403 ? EXIT.notAllowed : EXIT.badInput;
    const expected = 'expected as OpenDCP\'s orion does: {"code": 0, "data": …}';
    return new Failure(exitCode, 'not_orion', `${this.url}${path} answered ${what}, ${expected}`);
  }
}

export type OrionRow = { id: number } & Record<string, Json>;

interface Answer {
  status: number;
  text: string;
}

interface Envelope {
  code: number;
  msg: string;
  data: Json;
  query_count?: number;
}

function isRow(value: Json): value is OrionRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['id'] === 'number';
}

function envelopeOf(text: string): Envelope | undefined {
  try {
    const value = JSON.parse(text) as Envelope | null;
    return typeof value === 'object' && value !== null && typeof value.code === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

function beginning(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? 'without a word' : JSON.stringify(line.length > 100 ? `${line.slice(0, 99)}…` : line);
}
