import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asking, seedCatalogue } from './asking.ts';
import { serveApi, type Served } from './served.ts';

let api: Served;
const ask = asking(() => api);
beforeAll(async () => {
  api = await serveApi();
  await seedCatalogue(ask);
});
afterAll(() => api.close());

const names = (items: { name: string }[]) => items.map(({ name }) => name);

describe.each([
  ['clusters', { name: 'c-new', desc: 'new', biz: 'b' }, { biz: 'other' }],
  ['services', { name: 's-new', cluster: 'shop', type: 'http' }, { image: 'registry.example/other' }],
  ['actions', { name: 'a-new', shell: 'echo hello' }, { desc: 'more', shell: { run: 'echo other', sudo: true } }],
  ['steps', { name: 'r-new', actions: ['start'] }, { actions: ['start', 'check'] }],
  [
    'templates',
    { name: 't-new', steps: [{ use: 'start-service' }] },
    { steps: [{ name: 'x', actions: [{ wait: '5s' }] }] },
  ],
  ['pools', { name: 'p-new', service: 'shop-web' }, { desc: 'with a word', ssh: { user: 'root' } }],
] as const)('%s', (plural, document, edit) => {
  const place = `/api/v1/${plural}`;
  const one = `${place}/${document.name}`;

  it('are made, read, replaced and removed', async () => {
    const made = await ask('POST', place, document);
    expect(made).toMatchObject({ status: 201, json: document });
    expect(made.etag).toBe(`"${String(made.json['version'])}"`);
    expect(made.headers.get('location')).toBe(one);
    expect(made.json).toMatchObject({ id: expect.any(Number) as unknown, createdAt: expect.any(String) as unknown });
    const read = await ask('GET', one);
    expect(read).toMatchObject({ status: 200, etag: made.etag, json: made.json });
    expect(names((await ask('GET', `${place}?search=-new`)).json.items)).toEqual([document.name]);

    const replaced = await ask('PUT', one, { ...document, ...edit }, { 'if-match': read.etag });
    expect(replaced).toMatchObject({ status: 200, json: { ...edit, id: made.json['id'] } });
    expect(replaced.json['version']).toBeGreaterThan(Number(made.json['version']));
    expect((await ask('GET', one)).json).toEqual(replaced.json);

    expect((await ask('DELETE', one, undefined, { 'if-match': replaced.etag })).status).toBe(204);
    expect(await ask('GET', one)).toMatchObject({ status: 404, json: { error: { code: 'not_found' } } });
  });

  it('can be read, edited and sent back as they are', async () => {
    await ask('POST', place, document);
    const read = await ask('GET', one);
    const sent = await ask('PUT', one, read.json, { 'if-match': read.etag });
    expect(sent).toMatchObject({ status: 200, etag: read.etag, json: read.json });
    await ask('DELETE', one, undefined, { 'if-match': '*' });
  });

  it('of a name in use, in whatever case, are refused', async () => {
    await ask('POST', place, document);
    const again = await ask('POST', place, { ...document, name: document.name.toUpperCase() });
    expect(again).toMatchObject({ status: 409, json: { error: { code: 'name_in_use' } } });
    expect(again.json.error.message).toContain(document.name);
    expect((await ask('GET', one.replace('-new', '-NEW'))).json).toMatchObject({ name: document.name });
    await ask('DELETE', one, undefined, { 'if-match': '*' });
  });

  it('do not overwrite what somebody else has written', async () => {
    const { etag } = await ask('POST', place, document);
    const other = { ...document, ...edit };
    const put = await ask('PUT', one, other, { 'if-match': etag });
    expect(put.status).toBe(200);
    for (const method of ['PUT', 'DELETE'])
      expect(await ask(method, one, method === 'PUT' ? document : undefined, { 'if-match': etag })).toMatchObject({
        status: 412,
        json: {
          error: {
            code: 'changed_meanwhile',
            message: expect.stringContaining(`version ${String(put.json['version'])}`) as unknown,
          },
        },
      });
    expect((await ask('GET', one)).json).toMatchObject(edit);
    expect((await ask('DELETE', one, undefined, { 'if-match': `"99", ${put.etag}` })).status).toBe(204);
  });

  it('are not edited without saying what was read', async () => {
    await ask('POST', place, document);
    for (const method of ['PUT', 'DELETE']) {
      const { status, json } = await ask(method, one, method === 'PUT' ? document : undefined);
      expect([status, json.error.code]).toEqual([428, 'precondition_required']);
      expect(json.error.message).toContain(`If-Match is missing, expected the ETag that GET ${one} answered`);
    }
    for (const match of ['W/"1"', 'x', '"x"', '1'])
      expect((await ask('PUT', one, document, { 'if-match': match })).status).toBe(412);
    await ask('DELETE', one, undefined, { 'if-match': '*' });
  });

  it('keep their names', async () => {
    await ask('POST', place, document);
    const renamed = await ask('PUT', one, { ...document, name: 'other' }, { 'if-match': '*' });
    expect(renamed).toMatchObject({ status: 400, json: { error: { code: 'invalid', path: 'name' } } });
    const unnamed = { ...document, ...edit, name: undefined };
    expect((await ask('PUT', one, unnamed, { 'if-match': '*' })).json).toMatchObject({
      name: document.name,
      ...edit,
    });
    await ask('DELETE', one, undefined, { 'if-match': '*' });
  });

  it('that are not there are 404', async () => {
    expect((await ask('GET', `${place}/nope`)).json.error.message).toContain('named nope');
    expect((await ask('PUT', `${place}/nope`, { ...document, name: 'nope' }, { 'if-match': '*' })).status).toBe(404);
    expect((await ask('DELETE', `${place}/nope`, undefined, { 'if-match': '*' })).status).toBe(404);
    expect((await ask('GET', `${place}/%00`)).status).toBe(404);
  });

  it('are refused with the place of what is wrong', async () => {
    const unknown = await ask('POST', place, { ...document, frob: 1 });
    expect(unknown).toMatchObject({ status: 400, json: { error: { code: 'invalid', path: 'frob' } } });
    const several = await ask('POST', place, { ...document, name: 3, frob: 1 });
    expect(several.json.error.problems?.map(({ path }) => path).sort()).toEqual(['frob', 'name']);
    for (const body of [[], 'x', 3, null]) expect((await ask('POST', place, body)).status).toBe(400);
    expect((await ask('POST', place, { ...document, kind: 'other' })).json.error.path).toBe('kind');
    expect((await ask('POST', place, { ...document, name: 'a\u0000b' })).status).toBe(400);
    expect((await ask('POST', place, { ...document, name: 'x'.repeat(101) })).json.error.path).toBe('name');
  });

  it('may be named in any script', async () => {
    for (const name of [
      '订单服务 扩容',
      'a/b?c#d%20e',
      '"quoted" \\ <&>',
      '😀'.repeat(100),
      '.',
      'x'.repeat(100),
      ' ',
    ]) {
      const made = await ask('POST', place, { ...document, name });
      expect([name, made.status]).toEqual([name, 201]);
      // URLs cannot have `.` as a part; the one way to it is a list.
      const url = name === '.' ? `${place}?search=.` : (made.headers.get('location') ?? '');
      if (name !== '.') {
        expect((await ask('GET', url)).json).toMatchObject({ name });
        expect((await ask('DELETE', url, undefined, { 'if-match': made.etag })).status).toBe(204);
      } else expect(names((await ask('GET', url)).json.items)).toContain('.');
    }
  });

  it('are listed in pages, in any order', async () => {
    const made = ['list-c', 'list-A', 'list-b', 'list-d', 'list-E'];
    for (const name of made) await ask('POST', place, { ...document, name });
    const alphabet = ['list-A', 'list-b', 'list-c', 'list-d', 'list-E'];
    const wanted = { name: alphabet, '-name': alphabet.toReversed(), id: made, '-id': made.toReversed() };
    for (const [sort, order] of Object.entries({ ...wanted, updatedAt: made, '-updatedAt': made.toReversed() })) {
      const found: string[] = [];
      let cursor = '';
      do {
        const { status, json } = await ask('GET', `${place}?search=LIST-&limit=2&sort=${sort}${cursor}`);
        expect(status).toBe(200);
        found.push(...names(json.items));
        cursor = json.next === null ? '' : `&cursor=${json.next}`;
      } while (cursor !== '');
      expect([sort, found]).toEqual([sort, order]);
    }
    const { json } = await ask('GET', `${place}?limit=2&sort=name`);
    for (const query of [`cursor=${json.next}&sort=-name`, 'cursor=x', 'limit=0', 'limit=501', 'sort=desc', 'frob=1'])
      expect([query, (await ask('GET', `${place}?${query}`)).status]).toEqual([query, 400]);
  });

  it('leave an audit entry of each change', async () => {
    await ask('POST', place, { ...document, name: 'audited' }, { authorization: 'lin' });
    await ask(
      'PUT',
      `${place}/audited`,
      { ...document, ...edit, name: 'audited' },
      { 'if-match': '*', authorization: 'lin' },
    );
    await ask('DELETE', `${place}/audited`, undefined, { 'if-match': '*', authorization: 'lin' });
    const { items } = await api.store.audit.list({ limit: 50, name: 'audited', actor: 'lin' });
    const kind = plural.replace(/s$/, '');
    expect(items.filter((entry) => entry.kind === kind).map(({ action }) => action)).toEqual([
      `${kind}.delete`,
      `${kind}.update`,
      `${kind}.create`,
    ]);
  });
});
