import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Actor } from '../../model/actor.ts';
import { parseOpendcpCatalogue } from '../../model/opendcp/catalogue.ts';
import { apply } from '../../store/catalogue/apply.ts';
import { currentDocuments } from '../../store/catalogue/documents.ts';
import { NoSuchReference } from '../../store/catalogue/errors.ts';
import { importOpendcp } from '../../store/catalogue/import.ts';
import { resolveTemplate } from '../../store/catalogue/named.ts';
import { describeStore } from './databases.ts';

const ACTOR: Actor = { name: 'ann', role: 'operator', via: 'token', from: null };

/** What an orion ships with; where it is at hand it is imported, too. */
const SHIPPED = new URL('../../../shared/opendcp/catalogue.json', import.meta.url);

const ORION = {
  clusters: [
    { id: 2, name: 'east', desc: '东', biz: '1' },
    { id: 1, name: 'west', desc: '', biz: '' },
  ],
  services: [{ id: 5, name: 'shop', desc: '', service_type: 'Java', docker_image: 'web:1', cluster_id: 2 }],
  pools: [
    { id: 9, name: 'web', desc: '', vm_type: 3, sd_id: 1, tasks: { deploy: 4, expand: '7', odd: null }, service_id: 5 },
  ],
  nodes_by_pool: { 9: [{ id: 1, ip: '192.0.2.1', vm_id: 'i-1', status: 2, node_type: 'manual' }] },
  actions: [
    { id: 3, name: 'start', desc: '', params: { tag: 'string', opts: { type: 'string', raw: true } } },
    { id: 4, name: 'bare', params: null },
  ],
  actimpls: [
    {
      id: 8,
      type: 'ansible',
      action_id: 3,
      template: { action: { module: 'longscript', content: 'echo {{{opts}}} {{tag}}' } },
    },
    { id: 9, type: 'ansible', action_id: 99, template: {} },
  ],
  remote_steps: [
    { id: 6, name: 'start_service', desc: '', actions: ['start'] },
    { id: 7, name: 'dangling', actions: ['nosuch'] },
  ],
  templates: [
    {
      id: 4,
      name: 'deploy',
      desc: 'deploys',
      steps: [
        {
          name: 'start_service',
          param_values: { tag: 'web:1 ', opts: '-d' },
          retry: { retry_times: 2, ignore_error: true },
        },
      ],
    },
    {
      id: 7,
      name: 'expand',
      steps: [
        { name: 'create_vm', param_values: { vm_type_id: 1 }, retry: null },
        { name: 'gone', param_values: null, retry: null },
      ],
    },
  ],
};

describeStore("taking over an orion's catalogue", (store) => {
  const imported = (value: unknown) =>
    store().catalogue.change(ACTOR, (edit) => importOpendcp(edit, parseOpendcpCatalogue(value)));

  it('creates all of it, with the ids that it had', async () => {
    const report = await imported(ORION);
    expect(report.created).toEqual({
      cluster: 2,
      service: 1,
      action: 2,
      implementation: 1,
      step: 2,
      template: 2,
      pool: 1,
      node: 1,
    });
    expect(report.renumbered).toEqual([]);
    const { catalogue } = store();
    expect((await catalogue.templates.get(4))?.name).toBe('deploy');
    expect(await catalogue.pools.get(9)).toMatchObject({
      name: 'web',
      serviceId: 5,
      vmType: 3,
      tasks: ORION.pools[0]?.tasks,
    });
    expect(await catalogue.nodes.all(9)).toMatchObject([
      { name: '192.0.2.1', vmId: 'i-1', nodeType: 'manual', status: 2 },
    ]);
    expect((await catalogue.implementations.of(3))?.id).toBe(8);
  });

  it('tells what will not be as it was', async () => {
    expect((await imported(ORION)).warnings).toEqual([
      'implementation 9 is of action 99, which is not there: left out',
      'action bare has no implementation of type ansible: steps that name it cannot be run',
      'remote step dangling names the action nosuch, which is not there',
      expect.stringContaining('template deploy, step start_service, tag: "web:1 " begins or ends in a blank'),
      'template expand names the step gone, which is not there',
    ]);
  });

  it('done twice changes nothing the second time', async () => {
    const report = await imported(ORION);
    expect(report.unchanged).toEqual({
      cluster: 2,
      service: 1,
      action: 2,
      implementation: 1,
      step: 2,
      template: 2,
      pool: 1,
      node: 1,
    });
    expect(report.updated).toEqual(report.created);
  });

  it('changes what is there by name to what it is in the orion', async () => {
    const report = await imported({ clusters: [{ id: 77, name: 'EAST', desc: 'changed', biz: '' }] });
    expect(report.updated.cluster).toBe(1);
    expect(await store().catalogue.clusters.named('east')).toMatchObject({ id: 2, desc: 'changed' });
  });

  it('gives another id where one is taken, tells so, and keeps what refers to it right', async () => {
    const templates = [{ id: 4, name: 'other', desc: '', steps: [] }];
    const report = await imported({
      ...{ clusters: ORION.clusters, services: ORION.services, templates },
      pools: [{ ...ORION.pools[0], id: 10, name: 'db', tasks: { deploy: '4' } }],
    });
    const other = await store().catalogue.templates.named('other');
    expect(report.renumbered).toEqual([{ kind: 'template', name: 'other', from: 4, to: other?.id }]);
    expect((await store().catalogue.pools.named('db'))?.tasks).toEqual({ deploy: String(other?.id) });
  });

  it('is refused whole when something refers to what is not in it', async () => {
    const services = [{ id: 50, name: 'lost', docker_image: 'x', cluster_id: 99 }];
    await expect(imported({ clusters: [{ id: 80, name: 'new' }], services })).rejects.toThrow(NoSuchReference);
    expect(await store().catalogue.clusters.named('new')).toBeUndefined();
  });

  it('runs by what its templates say', async () => {
    const { catalogue } = store();
    const deploy = await catalogue.templates.named('deploy');
    const resolved = deploy && (await resolveTemplate(catalogue, deploy.spec));
    expect(resolved?.steps).toMatchObject([
      {
        name: 'start_service',
        params: { tag: 'web:1 ', opts: '-d' },
        retry: { times: 2, delay: 5000 },
        onError: 'ignore',
        actions: [{ script: { content: '#!/bin/bash\necho {{{opts}}} {{tag}}' }, params: { opts: { raw: true } } }],
      },
    ]);
  });

  it('comes back the same from an export', async () => {
    const documents = await currentDocuments(store().catalogue);
    expect(await store().catalogue.change(ACTOR, (edit) => apply(edit, documents, { prune: true }))).toEqual([]);
  });

  it.runIf(existsSync(SHIPPED))('takes the catalogue that orion ships with', async () => {
    const shipped = parseOpendcpCatalogue(JSON.parse(readFileSync(SHIPPED, 'utf8')));
    const report = await imported(shipped);
    const taken = (kind: keyof typeof report.created) => report.created[kind] + report.updated[kind];
    const kinds = ['cluster', 'service', 'action', 'implementation', 'step', 'template', 'pool'] as const;
    expect(kinds.map(taken)).toEqual([2, 4, 9, 9, 7, 9, 4]);
    expect(report.warnings.filter((line) => /cannot be run|not there/.test(line))).toEqual([]);
    for (const { name } of shipped.templates) {
      const row = await store().catalogue.templates.named(name);
      const groups = row?.spec.steps.some((one) =>
        ['create_vm', 'return_vm', 'register', 'unregister'].includes(one.name),
      );
      if (row && !groups) expect((await resolveTemplate(store().catalogue, row.spec)).steps.length).toBeGreaterThan(0);
    }
  });
});
