import type { RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildServer } from '../../api/server.ts';
import { serveApi, type Served } from './served.ts';

interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { in: string; name: string; required?: boolean; schema?: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

let api: Served;
let document: Document;
/** As `GET /api/v1/tasks`. */
const routes: string[] = [];

beforeAll(async () => {
  api = await serveApi();
  document = (await (await fetch(`${api.url}/openapi.json`)).json()) as Document;
  const app = buildServer(api.parts);
  app.addHook('onRoute', ({ method, url }: RouteOptions) => {
    routes.push(...[method].flat().map((one) => `${one} ${url}`));
  });
  await app.ready();
  await app.close();
});
afterAll(() => api.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Every value under a key of this name, anywhere. */
function under(key: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => [
    ...(name === key ? [one as unknown] : []),
    ...under(key, one),
  ]);
}

describe('/openapi.json', () => {
  it('lists every route of the API, and no other', () => {
    // HEAD comes with each GET, and is described by it.
    const wanted = routes.filter((route) => / \/api\/v1\//.test(route) && !route.startsWith('HEAD '));
    expect(wanted.length).toBeGreaterThan(50);
    const listed = operations()
      .map(({ path, method }) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`)
      .filter((route) => route.includes('/api/v1/'));
    expect(listed.toSorted()).toEqual(wanted.toSorted());
  });

  it('is an OpenAPI 3.1 document', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Drover', version: '1.2.3' } });
    for (const { path, method, operation } of operations()) {
      const where = `${method} ${path}`;
      expect([where, path.startsWith('/')]).toEqual([where, true]);
      expect([where, ['get', 'put', 'post', 'delete', 'patch', 'head'].includes(method)]).toEqual([where, true]);
      expect([where, typeof operation.summary, operation.tags?.length]).toEqual([where, 'string', 1]);
      expect([where, Object.keys(operation.responses).filter((code) => !/^[1-5](\d\d|XX)$/.test(code))]).toEqual([
        where,
        [],
      ]);
      for (const response of Object.values(operation.responses)) expect(response.description).toBeTypeOf('string');
    }
  });

  it('declares each parameter of a path, and no other', () => {
    for (const { path, operation } of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name).toSorted()).toEqual(named.toSorted());
      expect(declared.every(({ required }) => required)).toBe(true);
      for (const { schema } of operation.parameters ?? []) expect(schema).toBeTypeOf('object');
    }
  });

  it('refers to nothing that it does not have', () => {
    const refs = new Set(under('$ref', document).map(String));
    expect(refs.size).toBeGreaterThan(20);
    const known = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
    expect([...refs].filter((ref) => !known.has(ref))).toEqual([]);
  });

  it('tells what an error looks like, and the keys of what is sent and answered', () => {
    for (const { path, operation } of operations().filter(({ path }) => path.startsWith('/api/v1/')))
      expect([path, operation.responses['4XX']?.content?.['application/json']?.schema]).toEqual([
        path,
        { $ref: '#/components/schemas/Error' },
      ]);
    const keys = (name: string) =>
      Object.keys((document.components.schemas[name] as { properties: object }).properties);
    expect(keys('TemplateDocumentInput')).toEqual(['name', 'description', 'params', 'steps', 'rollout']);
    expect(keys('Pool')).toEqual(expect.arrayContaining(['id', 'version', 'nodes', 'queue', 'unreleased', 'provider']));
    expect(keys('SubmissionInput')).toEqual(expect.arrayContaining(['templateName', 'pool', 'template', 'nodes']));
  });
});
