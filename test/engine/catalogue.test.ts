import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../model/actor.ts';
import type { Document } from '../../model/catalogue/document.ts';
import { parseDocuments } from '../../model/parse/index.ts';
import { apply } from '../../store/catalogue/apply.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';

const ACTOR: Actor = { name: 'ann', role: 'operator', via: 'token', from: null };

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
  await applied([
    { kind: 'cluster', name: 'east' },
    { kind: 'service', name: 'shop', cluster: 'east' },
    {
      kind: 'action',
      name: 'note',
      params: { file: {}, word: { default: 'nothing' } },
      shell: `echo {{word}} on {{node.name}} >>${engine.folder}/{{file}}`,
    },
    { kind: 'step', name: 'note', actions: ['note'] },
    { kind: 'pool', name: 'web', service: 'shop', nodes: engine.nodes(3) },
  ]);
});
afterAll(() => engine.close());

async function applied(documents: unknown[]): Promise<void> {
  const parsed: Document[] = parseDocuments(documents);
  await engine.store.catalogue.change(ACTOR, (edit) => apply(edit, parsed, { prune: false }));
}

describe('a template of the catalogue on a pool', () => {
  it('runs by name, with the parameters of its steps and the nodes of the pool', async () => {
    await applied([
      {
        kind: 'template',
        name: 'notes',
        params: { word: { default: 'hello' } },
        steps: [
          { use: 'note', params: { file: 'first', word: '{{word}} there' } },
          { use: 'note', params: { file: 'second', word: 'plain' } },
        ],
      },
    ]);
    const task = await engine.drover.run({ templateName: 'notes', pool: 'web', params: { word: "it's" } });
    await task.result();
    expect((await engine.lines('first')).sort()).toEqual(['n01', 'n02', 'n03'].map((node) => `it's there on ${node}`));
    expect(await engine.lines('second')).toHaveLength(3);
    const row = await engine.store.tasks.get(task.name);
    expect(row).toMatchObject({ pool: 'web', templateVersion: 1, nodesTotal: 3 });
    expect(row?.template.steps.map(({ name }) => name)).toEqual(['note', 'note-2']);
  });

  it("tells the pool's nodes what came of them, each its own", async () => {
    await applied([
      {
        kind: 'template',
        name: 'odd',
        steps: [{ name: 'test', actions: [{ shell: 'test {{node.name}} != n02' }] }],
      },
    ]);
    const task = await engine.drover.run({ templateName: 'odd', pool: 'web', nodes: ['n01', 'n02'] });
    await expect(task.result()).rejects.toThrow('1 of 2 nodes failed');
    const pool = await engine.store.catalogue.pools.named('web');
    const nodes = await engine.store.catalogue.nodes.all(pool?.id ?? 0);
    expect(nodes.map(({ name, status }) => `${name} ${status}`)).toEqual(['n01 2', 'n02 3', 'n03 2']);
  });

  it('keeps the template it started with, whatever is edited later, also when it is taken up again', async () => {
    const name = newTaskName('kept');
    const template = (word: string) => ({
      kind: 'template',
      name: 'kept',
      steps: [
        { name: 'wait', actions: [{ shell: `${engine.waitingFor('go')}; test -e ${engine.folder}/well` }] },
        { use: 'note', params: { file: 'kept', word } },
      ],
    });
    await applied([template('old')]);
    const task = await engine.drover.run({ name, templateName: 'kept', pool: 'web', nodes: ['n01'] });
    await eventually(async () => {
      expect((await engine.store.tasks.get(name))?.status).toBe('running');
    });
    await applied([
      template('new'),
      {
        kind: 'action',
        name: 'note',
        params: { file: {}, word: {} },
        shell: `echo edited >>${engine.folder}/{{file}}`,
      },
    ]);
    await engine.touch('go');
    await expect(task.result()).rejects.toThrow('1 of 1 nodes failed');
    await engine.touch('well');
    await task.retry();
    await task.result();
    expect(await engine.lines('kept')).toEqual(['old on n01']);
    expect((await engine.store.tasks.get(name))?.templateVersion).toBe(1);
    const second = await engine.drover.run({ templateName: 'kept', pool: 'web', nodes: ['n01'] });
    await second.result();
    expect(await engine.lines('kept')).toEqual(['old on n01', 'edited']);
  });

  it.each([
    [{ templateName: 'nosuch', pool: 'web' }, 'there is no template nosuch in the catalogue'],
    [{ templateName: 'notes', pool: 'nosuch' }, 'there is no pool nosuch'],
    [{ templateName: 'notes', pool: 'web', nodes: ['n99'] }, 'pool web has no node named n99'],
    [{ templateName: 'notes', pool: 'web', params: { wrod: 'x' } }, 'template notes has no such parameter'],
    [{ template: { name: 'grow', steps: [{ use: 'create_vm' }] }, pool: 'web' }, 'it has create_vm in another place'],
  ])('is refused when %j is not what the catalogue has', async (request, message) => {
    const task = await engine.drover.run({ name: newTaskName('refused'), ...request });
    await expect(task.result()).rejects.toThrow(message);
    expect(await engine.store.tasks.get(task.name)).toBeUndefined();
  });

  it('is refused before anything starts when the request itself is wrong', async () => {
    await expect(engine.drover.run({ templateName: 'notes', template: {}, pool: 'web' })).rejects.toThrow(
      'exactly one of template and templateName',
    );
    await expect(engine.drover.run({ templateName: 'notes' })).rejects.toThrow('nodes: is missing');
  });
});
