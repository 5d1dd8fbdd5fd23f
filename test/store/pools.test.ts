import { expect, it } from 'vitest';
import { parseDocumentsText } from '../../model/parse/index.ts';
import { apply, writeDocument } from '../../store/catalogue/apply.ts';
import { currentDocuments } from '../../store/catalogue/documents.ts';
import { InUse, Strands } from '../../store/catalogue/errors.ts';
import { ANN } from './catalogue/samples.ts';
import { describeStore } from './databases.ts';

const SHOP = `
kind: cluster
name: east
---
kind: service
name: shop
cluster: east
`;

const pool = (name: string, more = '') => `
---
kind: pool
name: ${name}
service: shop
${more}`;

const on = (...names: string[]) =>
  `dependsOn: [${names.map((name) => `{ pool: ${name}, ratio: 0.5, before: start }`).join(', ')}]`;

const EVERAI = (app: string, more = '') =>
  `provider: { everai: { endpoint: "https://api.example.net", app: ${app}, token: "secret:T"${more} } }`;

function read(text: string) {
  return parseDocumentsText(text, 'c.yaml').map(({ document }) => document);
}

describeStore('pools that grow', (store) => {
  const applied = (text: string, prune = false) =>
    store().catalogue.change(ANN, (edit) => apply(edit, read(text), { prune }));
  const written = (text: string) =>
    store().catalogue.change(ANN, async (edit) => {
      for (const document of read(text)) await writeDocument(edit, document);
    });
  const names = async () => (await store().catalogue.pools.all()).map(({ name }) => name);
  const idOf = async (name: string) =>
    (await store().catalogue.pools.named(name))?.id ?? expect.fail(`no pool ${name}`);
  /** A machine of the pool's provider, as an expansion leaves it: a node of the pool. */
  const joined = async (name: string, providerId: string) => {
    const poolId = await idOf(name);
    await store().machines.note(poolId, null, [{ providerId, no: null, try: 1, state: 'joined' }]);
    const node = { name: `${name}-${providerId}`, address: '192.0.2.9' };
    await store().catalogue.change(ANN, (edit) => edit.nodes.add(poolId, [{ node, vmId: providerId }]));
    const [machine] = (await store().machines.live(poolId)).filter((one) => one.providerId === providerId);
    return machine?.id ?? expect.fail('no machine');
  };
  /** Nothing but a service and a pool of no nodes. */
  const fresh = async () => {
    for (const { id } of await store().catalogue.pools.all()) {
      const machines = await store().machines.live(id);
      await store().machines.become(
        machines.map((one) => one.id),
        'returned',
      );
      const nodes = await store().catalogue.nodes.all(id);
      await store().catalogue.change(ANN, (edit) => edit.nodes.remove(nodes.map((node) => node.id)));
    }
    await applied(`${SHOP}${pool('spare')}`, true);
  };

  it('come back from the store as they were applied', async () => {
    await fresh();
    const text = `${SHOP}${pool(
      'web',
      `${EVERAI('llm', ', poll: 2s')}
limits: { min: 1, max: 20, minAvailable: 80% }
onFailure: keep
autoscale: { metric: { json: { url: "http://a.example", path: load } }, target: 3, min: 1, max: 4 }
${on('spare')}`,
    )}`;
    await applied(text);
    expect(await applied(text)).toEqual([]);
    const all = await currentDocuments(store().catalogue);
    expect(await store().catalogue.change(ANN, (edit) => apply(edit, all, { prune: true }))).toEqual([]);
    expect(all.find(({ name }) => name === 'web')).toMatchObject({
      provider: { everai: { app: 'llm', token: 'secret:T', poll: 2000 } },
      limits: { min: 1, max: 20, minAvailable: '80%' },
      onFailure: 'keep',
      dependsOn: [{ pool: 'spare', ratio: 0.5, extra: 0, before: 'start' }],
    });
    // All of it can be taken away again.
    await applied(`${SHOP}${pool('web')}`);
    const row = await store().catalogue.pools.named('web');
    expect(row).toMatchObject({ provider: null, limits: null, onFailure: '', dependsOn: null, autoscale: null });
  });

  it('may depend on pools of the same documents, in any order', async () => {
    await fresh();
    await applied(`${SHOP}${pool('web', on('cache', 'db'))}${pool('cache', on('DB'))}${pool('db')}`);
    expect(await names()).toEqual(expect.arrayContaining(['web', 'cache', 'db']));
  });

  it('do not depend on pools that are not there, and not on themselves in the end', async () => {
    await fresh();
    await expect(applied(`${SHOP}${pool('web', on('nowhere'))}`)).rejects.toThrow(
      'documents[2].dependsOn[0].pool: there is no pool named nowhere, expected one that is there',
    );
    await expect(applied(`${SHOP}${pool('web', on('Web'))}`)).rejects.toThrow(
      'documents[2].dependsOn[0].pool: makes a cycle: web → web',
    );
    await expect(
      applied(`${SHOP}${pool('web', on('spare', 'cache'))}${pool('cache', on('db'))}${pool('db', on('web'))}`),
    ).rejects.toThrow('documents[2].dependsOn[1].pool: makes a cycle: web → cache → db → web');
    expect(await names()).toEqual(['spare']);
    await applied(`${SHOP}${pool('web', on('cache'))}${pool('cache')}`);
    await expect(written(pool('cache', on('web')))).rejects.toThrow(
      'dependsOn[0].pool: makes a cycle: cache → web → cache',
    );
    // A pool that leads into a cycle is no part of it; there is none to lead into.
    await expect(written(pool('front', on('web')))).resolves.toBeUndefined();
  });

  it('stay while others depend on them, and go together with those', async () => {
    await fresh();
    await applied(`${SHOP}${pool('web', on('cache'))}${pool('cache')}`);
    const remove = async () => {
      const id = await idOf('cache');
      await store().catalogue.change(ANN, (edit) => edit.pools.remove(id));
    };
    await expect(remove()).rejects.toThrow('pool cache is used by pool web: change or remove those first');
    await expect(applied(`${SHOP}${pool('web', on('cache'))}`, true)).rejects.toThrow(InUse);
    const changes = await applied(`${SHOP}${pool('spare')}`, true);
    expect(changes.map(({ change, name }) => `${change} ${name}`)).toEqual(['delete web', 'delete cache']);
  });

  it('keep machines of their provider through documents that do not name them', async () => {
    await fresh();
    const text = `${SHOP}${pool('web', `${EVERAI('llm')}\nnodes: [192.0.2.1]`)}`;
    await applied(text);
    await joined('web', 'w-1');
    expect(await applied(text)).toEqual([]);
    await applied(text.replace('192.0.2.1]', '192.0.2.2]'));
    const nodes = await store().catalogue.nodes.all(await idOf('web'));
    expect(nodes.map(({ name }) => name)).toEqual(['web-w-1', '192.0.2.2']);
    const documents = await currentDocuments(store().catalogue);
    expect(documents.find(({ name }) => name === 'web')).toMatchObject({ nodes: [{ name: '192.0.2.2' }] });
  });

  it('are not removed while a machine of theirs is not given back', async () => {
    await fresh();
    await applied(`${SHOP}${pool('web', EVERAI('llm'))}`);
    const machine = await joined('web', 'w-1');
    const id = await idOf('web');
    const node = (await store().catalogue.nodes.all(id))[0]?.id ?? expect.fail('no node');
    await store().catalogue.change(ANN, (edit) => edit.nodes.remove([node]));
    // Taken out by hand, it is nobody's, and listed.
    expect(await store().machines.unreleased(id)).toEqual([
      { providerId: 'w-1', task: null, reason: 'taken out of the pool by ann' },
    ]);
    const remove = () => store().catalogue.change(ANN, (edit) => edit.pools.remove(id));
    await expect(remove()).rejects.toThrow('pool web is used by machine w-1: change or remove those first');
    await store().machines.become([machine], 'returned');
    await remove();
    expect(await names()).not.toContain('web');
  });

  it('keep their provider while machines of it are not given back, but may ask it in another way', async () => {
    await fresh();
    await applied(`${SHOP}${pool('web', EVERAI('llm'))}`);
    const machines = [await joined('web', 'w-1'), await joined('web', 'w-2')];
    await expect(applied(`${SHOP}${pool('web', EVERAI('other'))}`)).rejects.toThrow(Strands);
    await expect(written(pool('web'))).rejects.toThrow(
      'provider: pool web would have none, and machines w-1, w-2 of it are not given back',
    );
    await applied(`${SHOP}${pool('web', EVERAI('llm', ', poll: 9s'))}`);
    await store().machines.become(machines, 'returned');
    await applied(`${SHOP}${pool('web', EVERAI('other'))}`);
    expect(await store().catalogue.pools.named('web')).toMatchObject({ provider: { everai: { app: 'other' } } });
  });

  it('lose spares only that are not in use', async () => {
    await fresh();
    const spares = (...list: string[]) =>
      `${SHOP}${pool('web', `provider: { ssh: { spares: [${list.join(', ')}] } }`)}`;
    await applied(spares('192.0.2.51', '192.0.2.52'));
    await joined('web', '192.0.2.51');
    await expect(applied(spares('192.0.2.52'))).rejects.toThrow(
      'provider: pool web would have another list of machines, and machine 192.0.2.51 of it is not given back',
    );
    await applied(spares('192.0.2.51', '192.0.2.53'));
  });
});
