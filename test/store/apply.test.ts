import { expect, it } from 'vitest';
import type { Actor } from '../../model/actor.ts';
import { difference } from '../../model/catalogue/difference.ts';
import { parseDocumentsText } from '../../model/parse/index.ts';
import { apply, writeDocument } from '../../store/catalogue/apply.ts';
import { currentDocuments } from '../../store/catalogue/documents.ts';
import { InUse } from '../../store/catalogue/errors.ts';
import { resolveSubmission } from '../../store/pool/submission.ts';
import { problems } from '../model/parsing.ts';
import { describeStore } from './databases.ts';

const ACTOR: Actor = { name: 'ann', role: 'operator', via: 'token', from: '192.0.2.1' };

const FILE = `
kind: cluster
name: east
---
kind: service
name: shop
cluster: east
image: web:1
---
kind: action
name: hello
desc: says hello
params: { word: { type: string, default: world } }
shell: echo hello {{word}}
---
kind: step
name: greet
actions: [hello, hello]
---
kind: template
name: greeting
description: greets
params: { tag: { default: "1" } }
steps:
  - use: greet
    params: { word: "{{tag}}" }
    timeout: 5m
  - name: own
    actions: [{ script: "#!/bin/bash\\necho {{tag}}\\n" }, check: { tcp: "{{node.address}}:22" }]
---
kind: pool
name: web
service: shop
templates: { deploy: greeting }
ssh: { user: deploy, port: 2222 }
nodes: [192.0.2.11, { name: web-02, address: 192.0.2.12, port: 22 }]
opendcp: { vmType: 3, sdId: 1, tasks: { expand: 99 } }
`;

function read(text: string) {
  return parseDocumentsText(text, 'c.yaml').map(({ document }) => document);
}

describeStore('applying documents', (store) => {
  const applied = (text: string, prune = false) =>
    store().catalogue.change(ACTOR, (edit) => apply(edit, read(text), { prune }));
  const shown = (changes: Awaited<ReturnType<typeof applied>>) =>
    changes.map(({ change, kind, name }) => `${change} ${kind} ${name}`);

  it('creates everything, in whatever order it is written', async () => {
    const reversed = FILE.split('---').reverse().join('---');
    expect(shown(await applied(reversed))).toEqual([
      'create cluster east',
      'create service shop',
      'create action hello',
      'create step greet',
      'create template greeting',
      'create pool web',
    ]);
  });

  it('done again changes nothing: no version, no audit entry', async () => {
    const before = await store().audit.list({ limit: 100 });
    expect(await applied(FILE, true)).toEqual([]);
    expect(await store().audit.list({ limit: 100 })).toEqual(before);
  });

  it('gives back the documents that it was given', async () => {
    expect(difference(await currentDocuments(store().catalogue), read(FILE), { prune: true })).toEqual([]);
  });

  it('changes what differs, and nothing else', async () => {
    const changes = await applied(FILE.replace('hello {{word}}', 'bye {{word}}').replace('192.0.2.11', '192.0.2.13'));
    expect(changes).toEqual([
      {
        kind: 'action',
        name: 'hello',
        change: 'update',
        fields: [{ path: 'shell', before: 'echo hello {{word}}', after: 'echo bye {{word}}' }],
      },
      {
        kind: 'pool',
        name: 'web',
        change: 'update',
        fields: [
          { path: 'nodes.192.0.2.11', before: '192.0.2.11' },
          { path: 'nodes.192.0.2.13', after: '192.0.2.13' },
        ],
      },
    ]);
    expect((await store().catalogue.templates.named('greeting'))?.version).toBe(1);
    await applied(FILE);
  });

  it('keeps what an OpenDCP client has written as long as it says the same', async () => {
    await store().catalogue.change(ACTOR, async (edit) => {
      const action = await edit.actions.named('hello');
      if (!action) throw new Error('no action');
      await edit.actions.update(action.id, { params: { word: { default: 'world', type: 'string' } } });
      const known = await edit.implementations.of(action.id);
      if (known)
        await edit.implementations.update(known.id, { type: 'ansible', template: { shell: 'echo hello {{word}}' } });
    });
    expect(await applied(FILE.replace('says hello', 'greets'))).toHaveLength(1);
    const action = await store().catalogue.actions.named('hello');
    expect((await store().catalogue.implementations.of(action?.id ?? 0))?.template).toEqual({
      shell: 'echo hello {{word}}',
    });
    await applied(FILE);
  });

  it('is all or nothing', async () => {
    const text = `${FILE.replace('says hello', 'changed')}---\nkind: step\nname: other\nactions: [nosuch]\n`;
    await expect(applied(text)).rejects.toThrow('documents[6].actions[0]: there is no action named nosuch');
    expect((await store().catalogue.actions.named('hello'))?.desc).toBe('says hello');
  });

  it.each([
    [
      'a service of an unknown cluster',
      'kind: service\nname: s\ncluster: nosuch',
      'cluster: there is no cluster named nosuch',
    ],
    [
      'a pool of an unknown service',
      'kind: pool\nname: p\nservice: nosuch',
      'service: there is no service named nosuch',
    ],
    [
      'a pool with an unknown template',
      'kind: pool\nname: p\nservice: shop\ntemplates: { expand: nosuch }',
      'templates.expand: there is no template named nosuch',
    ],
    [
      'a template with an unknown step',
      'kind: template\nname: t\nsteps: [{ use: nosuch }]',
      'steps[0].use: there is no step named nosuch',
    ],
  ])('refuses %s', async (_, text, message) => {
    await expect(applied(text)).rejects.toThrow(message);
  });

  it('refuses two documents of one thing', async () => {
    await expect(applied('kind: cluster\nname: a\n---\nkind: cluster\nname: A\n')).rejects.toThrow(
      'documents[1]: cluster A is document 0 already, expected one document for each',
    );
  });

  it('does not prune what others use, and says who does', async () => {
    await expect(applied('kind: template\nname: another\nsteps: []\n', true)).rejects.toThrow(InUse);
    await expect(applied('kind: template\nname: another\nsteps: []\n', true)).rejects.toThrow('used by pool web');
    expect(await store().catalogue.templates.named('another')).toBeUndefined();
  });

  it('knows what a submission by names means now', async () => {
    const resolved = await resolveSubmission(store(), { templateName: 'Greeting', pool: 'WEB', names: ['web-02'] });
    expect(resolved.nodes).toEqual([{ user: 'deploy', port: 22, name: 'web-02', address: '192.0.2.12' }]);
    expect(resolved.template.steps.map(({ name, actions }) => [name, actions.length])).toEqual([
      ['greet', 2],
      ['own', 2],
    ]);
    expect(resolved.templateVersion).toBe(1);
    await applied(FILE.replace('timeout: 5m', 'timeout: 6m'));
    expect((await resolveSubmission(store(), { templateName: 'greeting', pool: 'web' })).templateVersion).toBe(2);
    const old = await resolveSubmission(store(), { templateName: 'greeting@1', pool: 'web' });
    expect(old.template.steps[0]?.timeout).toBe(300_000);
  });

  it.each([
    [{ templateName: 'nosuch', pool: 'web' }, 'templateName: there is no template nosuch in the catalogue'],
    [
      { templateName: 'greeting@9', pool: 'web' },
      'templateName: template greeting has no version 9, expected one up to 2',
    ],
    [{ templateName: 'greeting', pool: 'nosuch' }, 'pool: there is no pool nosuch'],
    [{ templateName: 'greeting', pool: 'web', names: ['x', 'y'] }, 'nodes: pool web has no node named x'],
  ])('refuses %j', async (submission, message) => {
    const refusal = await resolveSubmission(store(), submission).catch((error: unknown) => error);
    expect(
      problems(() => {
        throw refusal;
      })[0],
    ).toContain(message);
  });

  it('lets a document be written by itself, from the version it was read at', async () => {
    const cluster = { kind: 'cluster', name: 'east', biz: 'shop' } as const;
    await store().catalogue.change(ACTOR, (edit) => writeDocument(edit, cluster, { version: 1 }));
    await expect(
      store().catalogue.change(ACTOR, (edit) => writeDocument(edit, { ...cluster, desc: 'x' }, { version: 1 })),
    ).rejects.toThrow('has changed meanwhile');
  });

  it('deletes everything when nothing of each kind is wanted', async () => {
    const others = FILE.replaceAll(/name: (east|shop|hello|greet|greeting|web)\n/g, 'name: $1-b\n')
      .replace('cluster: east', 'cluster: east-b')
      .replace('service: shop', 'service: shop-b')
      .replace('[hello, hello]', '[hello-b]')
      .replace('use: greet', 'use: greet-b')
      .replace('deploy: greeting', 'deploy: greeting-b');
    const changes = shown(await applied(others, true));
    expect(changes.filter((line) => line.startsWith('delete'))).toEqual([
      'delete pool web',
      'delete template greeting',
      'delete step greet',
      'delete action hello',
      'delete service shop',
      'delete cluster east',
    ]);
    expect((await currentDocuments(store().catalogue)).map(({ name }) => name).sort()).toEqual(
      ['east-b', 'greet-b', 'greeting-b', 'hello-b', 'shop-b', 'web-b'].sort(),
    );
  });
});
