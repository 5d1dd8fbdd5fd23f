import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusal, topCloud } from '../../demo/clouds/top.ts';
import type { TopSpec } from '../../model/pool/provider.ts';
import { openProvider } from '../../scale/open.ts';
import { type Acted, type Machine, NotSent, Refused, type Taker, Unclear } from '../../scale/provider.ts';
import { TopApi } from '../../scale/top-api.ts';
import { acting, calling, giving, rejection } from './asking.ts';

const KEY = 't9xuit3pt202ou09';

let top: Awaited<ReturnType<typeof topCloud>>;
let provider: Taker;

beforeEach(async () => {
  top = await topCloud({ nodes: { 1: 'STOPPED', 2: 'CREATED', 3: 'RUNNING', 4: 'DELETING' } });
  provider = await opened();
});

afterEach(() => top.cloud.close());

function specOf(spec: Partial<TopSpec> = {}): TopSpec {
  const { endpoint } = top.cloud;
  const times = { timeout: 500, poll: 20, within: 1000, settle: 100, requestsPerSecond: 1000 };
  return { endpoint, accesskey: 'secret:KEY', ...times, ...spec };
}

async function opened(spec: Partial<TopSpec> = {}, accesskey = KEY): Promise<Taker> {
  const made = await openProvider({ top: specOf(spec) }, giving({ KEY: accesskey }));
  if (made.how !== 'takes') throw new Error('top takes nodes');
  return made;
}

function acted(...ids: number[]): Acted[] {
  return ids.map((id) => ({ id: String(id), name: `web-${id}`, address: '' }));
}

function act(kind: 'start_vm' | 'stop_vm' | 'upload_start' | 'history_start') {
  const act = provider.acts[kind];
  if (!act) throw new Error(`top has ${kind}`);
  return act;
}

async function list(ids?: readonly string[]): Promise<Machine[]> {
  return provider.list(calling(), ids);
}

describe('the nodes', () => {
  it('are those of the account, with the statuses of their containers', async () => {
    expect(await list()).toEqual([
      { id: '1', status: 'spare', detail: 'STOPPED, containers STOPPED' },
      { id: '2', status: 'spare', detail: 'CREATED, containers STOPPED' },
      { id: '3', status: 'running', detail: 'RUNNING, containers RUNNING' },
      { id: '4', status: 'leaving', detail: 'DELETING, containers STOPPED' },
    ]);
    expect(top.cloud.asked).toHaveLength(1);
  });

  it('are asked for with the accesskey and the time, anew for each try', async () => {
    top.cloud.trouble('list', { does: 'fail-before' });
    const began = Date.now();
    await list();
    const [first, second] = top.cloud.asked.map(({ query }) => query);
    expect(first?.get('accesskey')).toBe(KEY);
    expect(Number(first?.get('timestamp'))).toBeGreaterThanOrEqual(began);
    expect(Number(second?.get('timestamp'))).toBeGreaterThan(Number(first?.get('timestamp')));
  });

  it("are only the pool's, when it names some", async () => {
    provider = await opened({ nodeId: [1, 3] });
    expect((await list()).map(({ id }) => id)).toEqual(['1', '3']);
    expect((await list(['3'])).map(({ id }) => id)).toEqual(['3']);
  });

  it('are asked for alone when there is one', async () => {
    provider = await opened({ nodeId: 3 });
    expect((await list()).map(({ id }) => id)).toEqual(['3']);
    expect(top.cloud.last('get')?.path).toBe('/api/v1/node/3');
    expect(await rejection((await opened({ nodeId: 9 })).list(calling()))).toEqual(
      new Refused('top: GET /api/v1/node/9: code 404: node 9 not found'),
    );
  });

  it('are on their way while a container is being started', async () => {
    top.takes = 60_000;
    await act('start_vm')(acted(1), { within: 1 }, acting());
    const [given] = top.commands;
    if (given) given.at -= 40_000;
    expect(await list(['1'])).toEqual([{ id: '1', status: 'pending', detail: 'STOPPED, containers STARTING' }]);
  });

  it('are failed when their status is none that is known, or they have no container', async () => {
    const answer = {
      body: {
        code: '0',
        data: [
          { id: 5, status: 'LOST' },
          { id: 6, status: 'RUNNING', containers: null },
        ],
      },
    };
    top.cloud.trouble('list', { does: 'refuse', answer });
    expect(await list()).toEqual([
      { id: '5', status: 'failed', detail: 'LOST' },
      { id: '6', status: 'running', detail: 'RUNNING' },
    ]);
  });

  it('are asked for again after what passes', async () => {
    top.cloud.trouble('list', { does: 'fail-before' });
    top.cloud.trouble('list', { does: 'garble' });
    top.cloud.trouble('list', { does: 'delay', ms: 2000 });
    expect(await list()).toHaveLength(4);
  });

  it('are refused with a bad accesskey, which is not said', async () => {
    provider = await opened({}, 'bad-accesskey');
    expect(await rejection(list())).toEqual(new Refused('top: GET /api/v1/node: code 401: invalid accesskey'));
  });
});

describe('taking', () => {
  it('starts those that stand still, and waits for the end of their commands', async () => {
    top.takes = 60;
    const call = calling();
    await provider.take(['1', '2', '3'], {}, call);
    expect((await list()).map(({ status }) => status)).toEqual(['running', 'running', 'running', 'leaving']);
    expect(top.commands.map(({ name, node }) => `${name} ${node}`).sort()).toEqual(['node_start 1', 'node_start 2']);
    expect(call.said).toContain('1: container (16634): start container: SUCCESS');
  });

  it('may be repeated', async () => {
    await provider.take(['1'], {}, calling());
    await provider.take(['1'], {}, calling());
    expect(top.commands).toHaveLength(1);
  });

  it('does not give a command twice whose reply was lost, when the node shows that it came about', async () => {
    top.cloud.trouble('start', { does: 'lose-reply' });
    await provider.take(['1'], {}, calling());
    expect(await list(['1'])).toMatchObject([{ status: 'running' }]);
    expect(top.commands).toHaveLength(1);
  });

  it('is Unclear when the node does not show it', async () => {
    top.cloud.trouble('start', { does: 'drop' });
    expect(await rejection(provider.take(['1'], {}, calling()))).toBeInstanceOf(Unclear);
  });

  it('is not sent when top has no time', async () => {
    top.cloud.trouble('start', { does: 'throttle', after: 120 });
    expect(await rejection(provider.take(['1'], {}, calling()))).toBeInstanceOf(NotSent);
  });

  it('lists a node whose command failed as failed, until it is taken', async () => {
    top.fates = { 1: ['publish-failed'] };
    await provider.take(['1', '2'], {}, calling());
    expect(await list(['1', '2'])).toMatchObject([
      { id: '1', status: 'failed', detail: 'top: node 1: node_start could not be published: no agent' },
      { id: '2', status: 'running' },
    ]);
    await provider.take(['1'], {}, calling());
    expect(await list(['1'])).toMatchObject([{ status: 'running' }]);
  });

  it('is refused when all failed', async () => {
    top.fates = { 1: ['fails'], 2: ['fails'] };
    expect(await rejection(provider.take(['1', '2'], {}, calling()))).toEqual(
      new Refused('top: node 1: node_start ended with result 500: container exited'),
    );
    expect(top.commands).toHaveLength(2);
  });
});

describe('giving back', () => {
  it('stops those that run; the others are well', async () => {
    await provider.release(['1', '3', '4', '9'], {}, calling());
    expect(top.commands.map(({ name, node }) => [name, node])).toEqual([['node_stop', 3]]);
    expect(await list(['3'])).toMatchObject([{ status: 'spare' }]);
    await provider.release(['3'], {}, calling());
    expect(top.commands).toHaveLength(1);
  });

  it('fails with the command', async () => {
    top.fates = { 3: ['fails'] };
    expect(await rejection(provider.release(['3'], {}, calling()))).toEqual(
      new Refused('top: node 3: node_stop ended with result 500: container exited'),
    );
  });

  it('is Unclear when the command does not end', async () => {
    top.fates = { 3: ['never-ends'] };
    const error = await rejection(provider.release(['3'], { within: 60 }, calling()));
    expect(error).toBeInstanceOf(Unclear);
    expect(String(error)).toContain('on node 3 has not ended within 0.06 s');
  });
});

describe('a command', () => {
  it.each([
    ['start_vm', { imageName: 'tomcat7', imageTag: '3.0.0', update: 'true' }, '/api/v1/node/1/start'],
    ['stop_vm', {}, '/api/v1/node/1/stop'],
    ['upload_start', { url: 'https://oss.test/a b.zip?x=1&y=2' }, '/api/v1/node/1/uploadStart'],
    ['history_start', { version: '2' }, '/api/v1/node/1/historyStart'],
  ] as const)('%s is given with its parameters, in parallel unless told otherwise', async (kind, options, path) => {
    expect(await act(kind)(acted(1), options, acting())).toEqual([{ id: '1', status: 'ok', reason: '' }]);
    expect(top.cloud.asked[0]).toMatchObject({ method: 'POST', path });
    expect(top.commands[0]?.params).toEqual({ ...options, method: 'PARALLEL' });
  });

  it("has the pool's method, and the step's before it", async () => {
    provider = await opened({ method: 'SEQUENTIAL' });
    await act('stop_vm')(acted(3), {}, acting());
    await act('stop_vm')(acted(3), { method: 'PARALLEL' }, acting());
    expect(top.commands.map(({ params }) => params['method'])).toEqual(['SEQUENTIAL', 'PARALLEL']);
  });

  it.each([
    [{ method: 'parallel' }, 'method is parallel, expected one of PARALLEL, SEQUENTIAL'],
    [{ update: 'yes' }, 'update is yes, expected true or false'],
  ])('is not given with %j', async (options, reason) => {
    expect(await act('start_vm')(acted(1), options, acting())).toEqual([{ id: '1', status: 'failed', reason }]);
    expect(top.commands).toEqual([]);
  });

  it('is followed to its end; what it does is said once', async () => {
    top.takes = 300;
    const call = acting();
    expect(await act('start_vm')(acted(1), {}, call)).toMatchObject([{ status: 'ok' }]);
    expect(call.said).toEqual([
      '1: node_start PUBLISHED',
      '1: node_start RUNNING',
      '1: container (16634): pull image: SUCCESS',
      '1: container (16634): start container: RUNNING',
      '1: node_start DONE',
      '1: container (16634): start container: SUCCESS',
    ]);
    expect(top.cloud.count('command')).toBeGreaterThan(4);
  });

  it.each([
    ['publish-failed', 'failed', 'node_start could not be published: no agent'],
    ['fails', 'failed', 'node_start ended with result 500: container exited'],
    ['never-ends', 'timed_out', 'has not ended within 0.1 s'],
  ] as const)('that comes to nothing (%s) is %s, and the others go on', async (fate, status, reason) => {
    top.fates = { 1: [fate] };
    expect(await act('start_vm')(acted(1, 2), { within: 100 }, acting())).toEqual([
      { id: '1', status, reason: expect.stringContaining(reason) as unknown },
      { id: '2', status: 'ok', reason: '' },
    ]);
  });

  it('that is refused has failed, in the words of top', async () => {
    top.cloud.trouble('start', { does: 'refuse', answer: refusal('503', 'no quota') });
    expect(await act('start_vm')(acted(1), {}, acting())).toEqual([
      { id: '1', status: 'failed', reason: 'top: POST /api/v1/node/1/start: code 503: no quota' },
    ]);
  });

  it.each(['lose-reply', 'fail-after', 'garble', 'drop', 'fail-before'] as const)(
    'whose reply is lost (%s) is unknown, and not given again',
    async (does) => {
      top.cloud.trouble('start', { does });
      const call = acting();
      expect(await act('start_vm')(acted(1), {}, call)).toMatchObject([{ status: 'unknown' }]);
      expect(await act('start_vm')(acted(1), {}, acting(call.keeps.at(-1)))).toEqual([
        {
          id: '1',
          status: 'unknown',
          reason: 'the worker was interrupted before the reply: nobody knows whether it was carried out',
        },
      ]);
      expect(top.cloud.count('start')).toBe(1);
    },
  );

  it('whose reply has no id of the command is unknown', async () => {
    top.cloud.trouble('start', { does: 'refuse', answer: { body: { code: '0', message: 'success', data: {} } } });
    const [outcome] = await act('start_vm')(acted(1), {}, acting());
    expect(outcome).toMatchObject({ status: 'unknown' });
    expect(outcome?.reason).toContain('the reply is not as expected: commandId is missing');
  });

  it('is given again when it was turned away undone', async () => {
    top.cloud.trouble('start', { does: 'throttle' });
    expect(await act('start_vm')(acted(1), {}, acting())).toMatchObject([{ status: 'ok' }]);
    expect(top.commands).toHaveLength(1);
  });

  it('goes on in a repeated attempt, which does not give it again', async () => {
    top.takes = 60_000;
    const first = acting();
    expect(await act('start_vm')(acted(1, 2), { within: 40 }, first)).toMatchObject([
      { status: 'timed_out' },
      { status: 'timed_out' },
    ]);
    top.takes = 0;
    expect(await act('start_vm')(acted(1, 2), {}, acting(first.keeps.at(-1)))).toEqual([
      { id: '1', status: 'ok', reason: '' },
      { id: '2', status: 'ok', reason: '' },
    ]);
    expect(top.commands).toHaveLength(2);
  });

  it('is kept before it is given, and its id after', async () => {
    const call = acting();
    const asked: number[] = [];
    const keep = (text: string) => {
      asked.push(top.cloud.count('start'));
      return call.keep(text);
    };
    await act('start_vm')(acted(1), {}, { ...call, keep });
    expect(asked).toEqual([0, 1]);
    expect(call.keeps[1]).toContain(top.commands[0]?.id);
  });

  it('of many nodes keeps what came together in one', async () => {
    const call = acting();
    top.cloud.latency = 5;
    await act('start_vm')(acted(1, 2, 3, 4), {}, call);
    expect(call.keeps.length).toBeLessThan(8);
    expect(JSON.parse(call.keeps.at(-1) ?? '')).toHaveLength(4);
  });

  it('goes on after trouble with asking for its state', async () => {
    top.takes = 100;
    top.cloud.trouble('command', { does: 'fail-before' });
    top.cloud.trouble('command', { does: 'garble' });
    top.cloud.trouble('command', { does: 'refuse', answer: refusal('404', 'command not found') });
    const call = acting();
    expect(await act('start_vm')(acted(1), {}, call)).toMatchObject([{ status: 'ok' }]);
    expect(call.said.join('\n')).toContain('code 404: command not found');
  });
});

describe("top's routes", () => {
  it('delete a node', async () => {
    const api = await TopApi.open(specOf(), giving({ KEY }));
    const { id, name } = await api.remove('1', calling());
    expect(name).toBe('node_delete');
    expect(await api.command(id, calling())).toMatchObject({ status: 'DONE', result: '200' });
    expect(await api.node('1', calling())).toMatchObject({ status: 'DELETING' });
  });
});
