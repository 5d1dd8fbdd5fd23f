import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Document, Kind } from '../../../model/catalogue/document.ts';
import { NameTaken, NotFound } from '../../../store/catalogue/errors.ts';
import { writeDocument } from '../../../store/catalogue/apply.ts';
import type { CatalogueReads, Edit, Reader, Writer } from '../../../store/catalogue/types.ts';
import { afterChange } from '../../after-change.ts';
import type { App } from '../../app.ts';
import { checkPrecondition, etag, ifMatchHeader, ifNoneMatchHeader, isUnchanged, precondition } from '../../etag.ts';
import type { Parts } from '../../parts.ts';
import { byName, page, type ListQuery } from '../../schemas/catalogue-query.ts';
import { anyError, nothing } from '../../schemas/error.ts';
import { sortOf } from '../../schemas/sort.ts';
import { documentIn } from '../../views/catalogue-in.ts';
import type { Views } from '../../views/catalogue.ts';

/** A document with all that comes with it is small; inline scripts and files make it bigger. */
const DOCUMENT_LIMIT = 8 * 1024 * 1024;

export interface Row {
  id: number;
  name: string;
  version: number;
}

/** What makes one kind of thing different from the others. */
export interface KindOfThing<Of extends Row, Filter> {
  kind: Kind;
  /** As in the URL. */
  plural: string;
  reader: (reads: CatalogueReads) => Reader<Of, Filter>;
  writer: (edit: Edit) => Writer<Of, Filter>;
  schemas: {
    body: z.ZodType;
    edit: z.ZodType;
    view: z.ZodType<object>;
    summary: z.ZodType<object>;
    query: z.ZodType<ListQuery>;
  };
  views: Views<Of>;
  /** What else is told of one, and is not in the catalogue. */
  besides?: (parts: Parts, row: Of) => Promise<object>;
  /** Temporal has something made of it, which has to follow. */
  isFollowed?: true;
  /** In lists, where the views would be long. */
  summaries?: Views<Of>;
  /** What a list's own parameters ask for. Throws NoSuchReference. */
  filter?: (reads: CatalogueReads, query: ListQuery) => Promise<Filter>;
  /** Whether all that is shown comes with the version; else an earlier reading may be out of date though the version is the same. */
  isVersioned: boolean;
}

/** Reading and editing one kind of thing. */
export function thingRoutes<Of extends Row, Filter>(app: App, parts: Parts, of: KindOfThing<Of, Filter>): void {
  readRoutes(app, parts, of);
  createRoute(app, parts, of);
  editRoutes(app, parts, of);
}

function readRoutes<Of extends Row, Filter>(app: App, parts: Parts, of: KindOfThing<Of, Filter>): void {
  const { store } = parts;
  const { kind, plural, schemas } = of;
  const tags = [plural];
  app.get(
    `/api/v1/${plural}`,
    {
      config: { access: 'viewer' },
      schema: {
        ...{ summary: `List ${plural}`, tags, querystring: schemas.query },
        response: { 200: page(schemas.summary), ...anyError },
      },
    },
    async ({ query }) => {
      const { limit, search, sort, cursor } = query;
      const { items, next } = await of.reader(store.catalogue).list({
        ...{ limit, sort: sortOf(sort) },
        ...(of.filter && { filter: await of.filter(store.catalogue, query) }),
        ...(search !== undefined && { search }),
        ...(cursor !== undefined && { cursor }),
      });
      return { items: await (of.summaries ?? of.views)(store.catalogue, items), next: next ?? null };
    },
  );
  app.get(
    `/api/v1/${plural}/:name`,
    {
      config: { access: 'viewer' },
      schema: {
        ...{ summary: `One ${kind}, with its ETag`, tags, params: byName, headers: ifNoneMatchHeader },
        response: { 200: schemas.view, 304: nothing('it is as it was'), ...anyError },
      },
    },
    async ({ params, headers }, reply) => {
      const row = await found(of, store.catalogue, params.name);
      void reply.header('etag', etag(row.version));
      if (of.isVersioned && isUnchanged(headers, row.version)) return reply.code(304).send();
      return reply.send({ ...(await viewOf(of, store.catalogue, row)), ...(await of.besides?.(parts, row)) });
    },
  );
}

function createRoute<Of extends Row, Filter>(app: App, parts: Parts, of: KindOfThing<Of, Filter>): void {
  const { store } = parts;
  const { kind, plural, schemas } = of;
  app.post(
    `/api/v1/${plural}`,
    {
      config: { access: 'operator' },
      bodyLimit: DOCUMENT_LIMIT,
      schema: {
        ...{ summary: `Make a ${kind}; 409 when there is one of its name`, tags: [plural], body: schemas.body },
        response: { 201: schemas.view, ...anyError },
      },
    },
    async ({ actor, body }, reply) => {
      const document = documentIn(kind, body);
      const { row, view } = await store.catalogue.change(actor, async (edit) => {
        const taken = await of.reader(edit).named(document.name);
        if (taken) throw new NameTaken(kind, taken.name);
        return write(of, edit, document);
      });
      await followed(of, parts);
      return reply
        .code(201)
        .headers({ etag: etag(row.version), location: `/api/v1/${plural}/${encodeURIComponent(row.name)}` })
        .send({ ...view, ...(await of.besides?.(parts, row)) });
    },
  );
}

function editRoutes<Of extends Row, Filter>(app: App, parts: Parts, of: KindOfThing<Of, Filter>): void {
  const { store } = parts;
  const { kind, plural, schemas } = of;
  const shared = { tags: [plural], params: byName, headers: ifMatchHeader };
  app.put(
    `/api/v1/${plural}/:name`,
    {
      config: { access: 'operator' },
      bodyLimit: DOCUMENT_LIMIT,
      schema: {
        ...{ summary: `Replace a ${kind}, read before (If-Match); what was read may be sent back edited`, ...shared },
        body: schemas.edit,
        response: { 200: schemas.view, ...anyError },
      },
    },
    async (request, reply) => {
      const wanted = precondition(request.headers, pathOf(request));
      const document = documentIn(kind, request.body, request.params.name);
      const { row, view } = await store.catalogue.change(request.actor, async (edit) => {
        const before = await found(of, edit, request.params.name);
        checkPrecondition(wanted, kind, before);
        return write(of, edit, { ...document, name: before.name }, before.version);
      });
      await followed(of, parts);
      return reply.header('etag', etag(row.version)).send({ ...view, ...(await of.besides?.(parts, row)) });
    },
  );
  app.delete(
    `/api/v1/${plural}/:name`,
    {
      config: { access: 'operator' },
      schema: {
        ...{ summary: `Remove a ${kind}, read before (If-Match), that nothing uses`, ...shared },
        response: { 204: nothing('it is gone'), ...anyError },
      },
    },
    async (request, reply) => {
      const wanted = precondition(request.headers, pathOf(request));
      await store.catalogue.change(request.actor, async (edit) => {
        const { id, name, version } = await found(of, edit, request.params.name);
        checkPrecondition(wanted, kind, { name, version });
        await of.writer(edit).remove(id, { version });
      });
      await followed(of, parts);
      return reply.code(204).send();
    },
  );
}

async function followed({ isFollowed }: { isFollowed?: true }, parts: Parts): Promise<void> {
  if (isFollowed) await afterChange(parts);
}

async function write<Of extends Row, Filter>(
  of: KindOfThing<Of, Filter>,
  edit: Edit,
  document: Document,
  version?: number,
): Promise<{ row: Of; view: object }> {
  await writeDocument(edit, document, version === undefined ? {} : { version });
  const row = await found(of, edit, document.name);
  return { row, view: await viewOf(of, edit, row) };
}

async function viewOf<Of extends Row, Filter>(
  { kind, views }: KindOfThing<Of, Filter>,
  reads: CatalogueReads,
  row: Of,
): Promise<object> {
  const [view] = await views(reads, [row]);
  if (!view) throw new Error(`no view of ${kind} ${row.name}`);
  return view;
}

/** Throws NotFound. */
export async function found<Of extends Row, Filter>(
  { kind, reader }: Pick<KindOfThing<Of, Filter>, 'kind' | 'reader'>,
  reads: CatalogueReads,
  name: string,
): Promise<Of> {
  // PostgreSQL's text has no NUL, so no name has.
  const row = name.includes('\0') ? undefined : await reader(reads).named(name);
  if (!row) throw new NotFound(kind, name);
  return row;
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?')[0] ?? url;
}
