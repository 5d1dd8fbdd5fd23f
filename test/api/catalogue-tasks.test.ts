import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asking, seedCatalogue } from './asking.ts';
import { serveApi, TEMPLATE, type Served } from './served.ts';

let api: Served;
const ask = asking(() => api);
beforeAll(async () => {
  api = await serveApi();
  await seedCatalogue(ask);
});
afterAll(() => api.close());

describe.each(['/api/v1/tasks', '/api/v1/dry-run'])('POST %s from the catalogue', (place) => {
  it.each([
    ['a template that is not there', { templateName: 'nope', pool: 'web' }, 'templateName'],
    ['a version that is not there', { templateName: 'roll@7', pool: 'web' }, 'templateName'],
    ['a pool that is not there', { templateName: 'roll', pool: 'nope' }, 'pool'],
    ['a node that the pool does not have', { templateName: 'roll', pool: 'web', nodes: ['web-1', 'x'] }, 'nodes'],
    [
      'a parameter that the template does not have',
      { templateName: 'roll', pool: 'web', params: { x: '1' } },
      'params.x',
    ],
    ['a template beside the name of one', { templateName: 'roll', template: TEMPLATE, pool: 'web' }, 'template'],
    ['no template', { pool: 'web' }, 'template'],
    ['no nodes', { templateName: 'roll' }, 'nodes'],
    ['nodes that would follow', { templateName: 'roll', nodes: { parts: 2, total: 9 } }, 'nodes'],
    [
      'a step that is not there',
      { template: { name: 'x', steps: [{ use: 'nope' }] }, pool: 'web' },
      'template x, steps[0]',
    ],
  ])('refuses %s, at once', async (_, body, path) => {
    const { status, json } = await ask('POST', place, body);
    expect([status, json.error.code, json.error.path]).toEqual([400, 'invalid', path]);
    expect(api.temporal.submitted).not.toContainEqual(expect.objectContaining(body));
  });
});

describe('POST /api/v1/tasks from the catalogue', () => {
  it('submits the names, for the task to look up what they stand for', async () => {
    const submission = { templateName: 'roll@1', pool: 'web', nodes: ['web-2'], params: { tag: '2' } };
    const { status, json, headers } = await ask('POST', '/api/v1/tasks', submission, { authorization: 'lin' });
    expect(status).toBe(201);
    const name = String(json['name']);
    expect(name).toMatch(/^roll-1-/);
    expect(headers.get('location')).toBe(`/api/v1/tasks/${name}`);
    expect(api.temporal.submitted.at(-1)).toEqual({ ...submission, name, startedBy: 'lin' });
    const { items } = await api.store.audit.list({ limit: 1, name });
    expect(items).toMatchObject([{ action: 'task.start', after: { template: 'roll@1', pool: 'web' }, outcome: 'ok' }]);
  });

  it('takes a template of its own with steps of the catalogue', async () => {
    const template = { name: 'mine', steps: [{ use: 'start-service', params: { tag: '7' } }] };
    expect((await ask('POST', '/api/v1/tasks', { name: 'mine', template, nodes: ['192.0.2.7'] })).status).toBe(201);
  });
});

describe('POST /api/v1/dry-run', () => {
  it('gives the task that it would be, complete', async () => {
    const started = api.temporal.submitted.length;
    const { status, json } = await ask('POST', '/api/v1/dry-run', {
      templateName: 'roll',
      pool: 'web',
      name: 'would-be',
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      name: 'would-be',
      template: {
        name: 'roll',
        steps: [
          {
            name: 'start-service',
            timeout: 300_000,
            actions: [{ shell: { run: 'echo start {{tag}}' } }, { check: { tcp: '{{node.address}}:80' } }],
          },
          { name: 'tell' },
        ],
      },
      nodes: [
        { name: 'web-1', user: 'deploy' },
        { name: 'web-2', port: 2222, user: 'deploy' },
      ],
      params: {},
    });
    expect(api.temporal.submitted.length).toBe(started);
  });
});
