import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { difference } from '../../model/catalogue/difference.ts';
import { written } from '../../model/catalogue/written.ts';
import { parseDocument, parseDocuments, parseDocumentsText } from '../../model/parse/index.ts';
import { problems } from './parsing.ts';

const CATALOGUE = `
kind: cluster
name: east
desc: 机房
---
kind: service
name: shop-web
cluster: east
image: registry.local/web:1
---
# what a step does
kind: action
name: start_docker
params: { tag: { type: string }, opts: { raw: true, default: "" } }
script: |
  #!/bin/bash
  docker run -d {{{opts}}} {{tag}}
---
kind: step
name: start_service
actions: [start_docker]
---
kind: template
name: rolling
params: { tag: { required: true } }
steps:
  - use: start_service
    params: { tag: "web:{{tag}}" }
    timeout: 5m
  - name: healthy
    actions: [check: { http: "http://{{node.address}}/health", within: 1m }]
---
kind: pool
name: web
service: shop-web
templates: { deploy: rolling }
ssh: { user: deploy }
nodes: [192.0.2.11, { name: web-02, address: 192.0.2.12, port: 2222 }]
`;

const documents = () => parseDocumentsText(CATALOGUE, 'web.yaml').map(({ document }) => document);

describe('a catalogue file', () => {
  it('has one document or several, each told by its line', () => {
    expect(parseDocumentsText(CATALOGUE, 'web.yaml').map(({ document, line }) => [document.kind, line])).toEqual([
      ['cluster', 2],
      ['service', 6],
      ['action', 12],
      ['step', 19],
      ['template', 23],
      ['pool', 33],
    ]);
  });

  it('with nothing in it has no documents', () => {
    expect(parseDocumentsText('', 'empty.yaml')).toEqual([]);
    expect(parseDocumentsText('---\n# only remarks\n---\n', 'empty.yaml')).toEqual([]);
  });

  it('tells the problems of all its documents, by file, line and path', () => {
    const text = `kind: cluster
nam: east
---
kind: action
name: a
shell: x
wait: 1s
---
kind: pol
---
kind: template
name: t
steps: [{ use: s, actions: [] }]
---
kind: step
name: create_vm
actions: x
`;
    expect(problems(() => parseDocumentsText(text, 'c.yaml'))).toEqual([
      expect.stringContaining('c.yaml:1: name: is missing'),
      expect.stringContaining('c.yaml:2: nam: unknown key'),
      expect.stringContaining('c.yaml:4: has shell and wait, expected at most one of'),
      expect.stringContaining('c.yaml:9: kind: is "pol", expected cluster or service'),
      expect.stringContaining('c.yaml:13: steps[0].actions: unknown key'),
      expect.stringContaining('c.yaml:16: name: is a step of Drover itself'),
      expect.stringContaining('c.yaml:17: actions: is "x", expected a list'),
    ]);
  });

  it('reads the files that an action names', () => {
    const text = 'kind: action\nname: a\nscript: { file: a.sh }\n';
    const [read] = parseDocumentsText(text, 'a.yaml', { readFile: () => Buffer.from('#!/bin/sh\necho\n') });
    expect(read?.document).toMatchObject({ script: { content: '#!/bin/sh\necho\n' } });
  });
});

describe('documents from elsewhere', () => {
  it('are refused with their place in the list', () => {
    expect(problems(() => parseDocuments([{ kind: 'cluster', name: 'x' }, { kind: 'cluster' }]))).toEqual([
      expect.stringContaining('documents[1].name: is missing'),
    ]);
  });
});

describe('what is written', () => {
  it('is parsed to the same documents again, as YAML and as JSON', () => {
    const texts = documents().map((document) => stringify(written(document)));
    expect(parseDocumentsText(texts.join('---\n'), 'again.yaml').map(({ document }) => document)).toEqual(documents());
    const json = documents().map((document) => JSON.parse(JSON.stringify(written(document))) as unknown);
    expect(parseDocuments(json)).toEqual(documents());
  });

  it('leaves out what is empty or as it is anyway, and is short', () => {
    const [, , action, , template, pool] = documents().map(written);
    expect(action).toEqual({
      kind: 'action',
      name: 'start_docker',
      params: { opts: { raw: true, default: '' }, tag: { type: 'string' } },
      script: '#!/bin/bash\ndocker run -d {{{opts}}} {{tag}}\n',
    });
    expect(template?.['steps']).toEqual([
      { use: 'start_service', params: { tag: 'web:{{tag}}' }, timeout: '5m' },
      { name: 'healthy', actions: [{ check: { http: 'http://{{node.address}}/health', within: '1m' } }] },
    ]);
    expect(pool?.['nodes']).toEqual(['192.0.2.11', { name: 'web-02', address: '192.0.2.12', port: 2222 }]);
  });

  it('is alike for things that are alike, whatever the order of their keys', () => {
    const one = parseDocument({
      kind: 'action',
      name: 'a',
      params: { a: {}, b: {} },
      shell: { run: 'x', cwd: '/', env: { A: '1', B: '2' } },
    });
    const other = parseDocument({
      shell: { env: { B: '2', A: '1' }, cwd: '/', run: 'x' },
      params: { b: {}, a: {} },
      name: 'a',
      kind: 'action',
    });
    expect(difference([one], [other], { prune: false })).toEqual([]);
  });

  it.each([
    { kind: 'cluster', name: 'c\'"; drop: x # --', desc: ' leading\ttab' },
    { kind: 'cluster', name: '1.10', desc: 'yes', biz: '~' },
    { kind: 'cluster', name: '', desc: '0644' },
    { kind: 'step', name: '步骤 😀', actions: ['null', ' a '] },
    { kind: 'action', name: 'a', implementation: { action: { module: 'cron', minute: [1, 2.5] } } },
    { kind: 'template', name: 'none', params: {}, steps: [] },
    {
      kind: 'pool',
      name: 'p',
      service: 's',
      nodes: [],
      opendcp: { vmType: 3, sdId: 1, tasks: { expand: 99, other: '4' } },
    },
  ])('survives odd texts: %j', (document) => {
    const parsed = parseDocument(document);
    const [{ document: again } = {}] = parseDocumentsText(stringify(written(parsed)), 'x.yaml');
    expect(again && difference([parsed], [again], { prune: true })).toEqual([]);
    expect(again?.name).toBe(document.name);
  });
});

describe('the difference', () => {
  it('is none between a catalogue and itself', () => {
    expect(difference(documents(), documents(), { prune: true })).toEqual([]);
  });

  it('creates in the order in which things refer to each other, and deletes in the reverse', () => {
    const made = difference([], documents().reverse(), { prune: false });
    expect(made.map(({ kind, change }) => `${change} ${kind}`)).toEqual([
      'create cluster',
      'create service',
      'create action',
      'create step',
      'create template',
      'create pool',
    ]);
    const others = documents().map((document) => ({ ...document, name: `${document.name}-2` }));
    const gone = difference(documents(), others, { prune: true }).filter(({ change }) => change === 'delete');
    expect(gone.map(({ kind }) => kind)).toEqual(['pool', 'template', 'step', 'action', 'service', 'cluster']);
  });

  it('prunes only kinds that are wanted at all', () => {
    const [cluster] = documents();
    expect(difference(documents(), cluster ? [{ ...cluster, name: 'west' }] : [], { prune: true })).toEqual([
      { kind: 'cluster', name: 'west', change: 'create', fields: [] },
      { kind: 'cluster', name: 'east', change: 'delete', fields: [] },
    ]);
  });

  it('names each field that changes, by its path', () => {
    const changed = parseDocumentsText(
      CATALOGUE.replace('timeout: 5m', 'timeout: 6m')
        .replace('within: 1m', 'within: 30s')
        .replace('port: 2222', 'port: 22')
        .replace('- use: start_service', '- use: start_service\n    onError: ignore'),
      'web.yaml',
    ).map(({ document }) => document);
    expect(difference(documents(), changed, { prune: false })).toEqual([
      {
        kind: 'template',
        name: 'rolling',
        change: 'update',
        fields: [
          { path: 'steps[0].timeout', before: '5m', after: '6m' },
          { path: 'steps[0].onError', after: 'ignore' },
          { path: 'steps[1].actions[0].check.within', before: '1m' },
        ],
      },
      {
        kind: 'pool',
        name: 'web',
        change: 'update',
        fields: [{ path: 'nodes.web-02.port', before: 2222, after: 22 }],
      },
    ]);
  });

  it("leaves a pool's nodes alone when its document says nothing of them", () => {
    const pool = documents().at(-1);
    const without = parseDocument({
      kind: 'pool',
      name: 'web',
      service: 'shop-web',
      templates: { deploy: 'rolling' },
      ssh: { user: 'deploy' },
    });
    expect(pool && difference([pool], [without], { prune: false })).toEqual([]);
    expect(pool && difference([pool], [{ ...without, nodes: [] } as typeof without], { prune: false })).not.toEqual([]);
  });

  it('takes names for the same without regard to case', () => {
    expect(
      difference([{ kind: 'cluster', name: 'East' }], [{ kind: 'cluster', name: 'east' }], { prune: true }),
    ).toEqual([
      { kind: 'cluster', name: 'east', change: 'update', fields: [{ path: 'name', before: 'East', after: 'east' }] },
    ]);
  });
});
