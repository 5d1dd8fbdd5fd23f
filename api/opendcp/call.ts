import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../model/actor.ts';
import type { Catalogue, Edit } from '../../store/catalogue/types.ts';
import type { Parts } from '../parts.ts';
import { bodyOf } from './body.ts';
import { Fields } from './fields.ts';
import { readJson } from './json.ts';
import { pageOf, type Page } from './page.ts';
import { notFound, Refusal } from './refusal.ts';

/** One request to a route of OpenDCP's, in OpenDCP's terms. */
export class Call {
  readonly parts: Parts;
  readonly actor: Actor;
  readonly #request: FastifyRequest;
  readonly #query: URLSearchParams;

  constructor(parts: Parts, request: FastifyRequest) {
    this.parts = parts;
    this.actor = request.actor;
    this.#request = request;
    this.#query = new URLSearchParams(request.url.split('?')[1] ?? '');
  }

  get catalogue(): Catalogue {
    return this.parts.store.catalogue;
  }

  /** The body as JSON. Refuses (400) what is none, or no object. A form is taken for an empty body. */
  get fields(): Fields {
    const { text, isForm } = bodyOf(this.#request);
    return Fields.of(readJson(isForm ? '' : text));
  }

  /** From the URL, or the form that a browser posts. */
  get page(): Page {
    const { text, isForm } = bodyOf(this.#request);
    const isPosted = isForm && ['POST', 'PUT', 'PATCH'].includes(this.#request.method);
    return pageOf([...(isPosted ? [new URLSearchParams(text)] : []), this.#query]);
  }

  /** A page whose items may be asked for by a part of their name, as OpenDCP's front end does. */
  get namedPage(): Page & { name?: string } {
    const name = this.#query.get('name') ?? '';
    return { ...this.page, ...(name !== '' && { name: withoutNul(name) }) };
  }

  /** A number of the query; undefined when there is none. */
  filter(key: string): number | undefined {
    const text = this.#query.get(key);
    return text !== null && /^\d+$/.test(text) ? naturalNumber(text) : undefined;
  }

  /** A part of the path as text. */
  word(key: string): string {
    return (this.#request.params as Record<string, string | undefined>)[key] ?? '';
  }

  /** A part of the path where OpenDCP takes digits only: with anything else it is a URL that it does not have (404). */
  number(key: string): number {
    const text = this.word(key);
    if (!/^\d+$/.test(text)) throw notFound(this.#request.url);
    return naturalNumber(text);
  }

  /** The id of the path, of digits only. */
  get id(): number {
    return this.number('id');
  }

  /** The id of the path where OpenDCP takes any text, and refuses (400) what is no number from 1 on. */
  get checkedId(): number {
    const id = this.looseId;
    if (id < 1) throw new Refusal(400, 'id is error !');
    return id;
  }

  /** The same where OpenDCP takes any text for a number: 0 when it is none. */
  get looseId(): number {
    const text = this.word('id');
    return /^\d+$/.test(text) ? naturalNumber(text) : 0;
  }

  change<Result>(work: (edit: Edit) => Promise<Result>): Promise<Result> {
    return this.catalogue.change(this.actor, work);
  }
}

/** No row has a number beyond what can be counted. */
function naturalNumber(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** No database takes it, and no name has it. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
