import { EventEmitter, once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { croupierCloud, type CroupierOptions, refusal } from '../../demo/clouds/croupier.ts';
import type { CroupierSpec } from '../../model/pool/provider.ts';
import { CroupierApi } from '../../scale/croupier-api.ts';
import { openProvider } from '../../scale/open.ts';
import { type Acted, NotSent, Refused, type Taker } from '../../scale/provider.ts';
import { eventually } from '../support/eventually.ts';
import { acting, calling, giving, rejection } from './asking.ts';

let croupier: Awaited<ReturnType<typeof croupierCloud>>;
let provider: Taker;

afterEach(() => croupier.cloud.close());

/** The double with these nodes, and the pool's provider of it. */
async function serve(options: CroupierOptions = {}, spec: Partial<CroupierSpec> = {}): Promise<void> {
  croupier = await croupierCloud({
    nodes: [
      { id: 'a', ip: '192.0.2.1', meta: { net: { ip: '198.51.100.1' } } },
      { id: 'b', ip: '192.0.2.2', meta: { net: { ip: '198.51.100.2' } } },
      { id: 'c', status: 'drained', ip: '192.0.2.3', meta: { net: { ip: '198.51.100.3' } } },
    ],
    ...options,
  });
  const made = await openProvider({ croupier: specOf(spec) }, giving({ TOKEN: 'croupier-token' }));
  if (made.how !== 'takes') throw new Error('croupier takes nodes');
  provider = made;
}

function specOf(spec: Partial<CroupierSpec> = {}): CroupierSpec {
  const { endpoint } = croupier.cloud;
  const times = { timeout: 500, poll: 20, within: 1000, settle: 100, requestsPerSecond: 1000 };
  return { endpoint, token: 'secret:TOKEN', ...times, ...spec };
}

function acted(...ids: string[]): Acted[] {
  return ids.map((id) => ({ id, name: `node-${id}`, address: '' }));
}

function act(kind: 'drain' | 'undrain' | 'restart') {
  const act = provider.acts[kind];
  if (!act) throw new Error(`croupier has ${kind}`);
  return act;
}

function becomes(id: string, status: string): void {
  const node = croupier.nodes.get(id);
  if (!node) throw new Error(`no node ${id}`);
  node.status = status;
}

async function statuses(): Promise<Record<string, string>> {
  return Object.fromEntries((await provider.list(calling())).map(({ id, status }) => [id, status]));
}

describe('the nodes', () => {
  it('are listed in one request, with the token; what is drained is spare', async () => {
    await serve();
    expect(await provider.list(calling())).toEqual([
      { id: 'a', status: 'running', detail: 'active' },
      { id: 'b', status: 'running', detail: 'active' },
      { id: 'c', status: 'spare', detail: 'drained' },
    ]);
    expect(await provider.list(calling(), ['b'])).toMatchObject([{ id: 'b' }]);
    expect(croupier.cloud.asked).toHaveLength(2);
  });

  it('are those of one type, when the pool has one', async () => {
    await serve({ nodes: [{ id: 'a', type: 'agent' }, { id: 'b' }] }, { type: 'agent' });
    expect(await statuses()).toEqual({ a: 'running' });
    expect(croupier.cloud.last('list')?.query.get('type')).toBe('agent');
    croupier.cloud.trouble('list', {
      does: 'refuse',
      answer: { body: { items: [{ id: 'x', type: 'Agent' }, { id: 'y', type: 'edge' }, { id: 'z' }] } },
    });
    expect(await statuses()).toEqual({ x: 'pending', z: 'pending' });
  });

  it.each([
    ['ACTIVE', 'running'],
    [' Online ', 'running'],
    ['Draining', 'leaving'],
    ['draining:3600', 'leaving'],
    ['draining:0', 'spare'],
    ['CORDONED', 'spare'],
    ['restarting', 'pending'],
    ['warming-up', 'pending'],
    ['Offline', 'failed'],
    ['removed', 'gone'],
    ['', 'pending'],
  ])('with status %j are %s', async (word, status) => {
    await serve({ nodes: [{ id: 'a', status: word }] });
    expect(await provider.list(calling())).toEqual([{ id: 'a', status, detail: word === '' ? 'no status' : word }]);
  });

  it('have the address that is listed, without another request', async () => {
    await serve({}, { address: 'ip' });
    expect(await provider.list(calling(), ['a'])).toMatchObject([{ address: '192.0.2.1' }]);
    expect(croupier.cloud.asked).toHaveLength(1);
  });

  it('have the address that is in their meta, which is asked for once, and not of spares', async () => {
    await serve({}, { address: 'net.ip' });
    for (let i = 0; i < 3; i++) {
      expect((await provider.list(calling())).map(({ address }) => address)).toEqual([
        '198.51.100.1',
        '198.51.100.2',
        undefined,
      ]);
    }
    expect(croupier.cloud.count('meta')).toBe(2);
  });

  it('have no address when there is none where it should be', async () => {
    await serve({ nodes: [{ id: 'a', meta: null }] }, { address: 'net.ip' });
    expect(await provider.list(calling())).toEqual([{ id: 'a', status: 'running', detail: 'active' }]);
  });

  it('are asked for again after what passes', async () => {
    await serve();
    croupier.cloud.trouble('list', { does: 'fail-before' });
    croupier.cloud.trouble('list', { does: 'garble' });
    croupier.cloud.trouble('list', { does: 'delay', ms: 2000 });
    expect(await statuses()).toMatchObject({ a: 'running' });
  });

  it('are refused with a bad token, which is not said', async () => {
    await serve();
    const made = await openProvider({ croupier: specOf() }, giving({ TOKEN: 'bad-token' }));
    const error = await rejection(made.how === 'takes' ? made.list(calling()) : Promise.resolve());
    expect(error).toEqual(new Refused('croupier: GET /api/v1/nodes: 401: missing or bad token'));
  });
});

describe('taking and giving back', () => {
  it('takes by undraining, and may be repeated', async () => {
    await serve();
    await provider.take(['c'], {}, calling());
    await provider.take(['c'], {}, calling());
    expect(await statuses()).toMatchObject({ c: 'running' });
  });

  it.each(['lose-reply', 'fail-after', 'drop'] as const)('takes again after %s', async (does) => {
    await serve();
    croupier.cloud.trouble('undrain', { does });
    await provider.take(['c'], {}, calling());
    expect(await statuses()).toMatchObject({ c: 'running' });
  });

  it('lists those that were refused as failed, until they are taken', async () => {
    await serve({
      nodes: [
        { id: 'a', status: 'drained' },
        { id: 'b', status: 'drained' },
      ],
    });
    croupier.cloud.trouble('undrain', { does: 'refuse', answer: refusal(403, 'forbidden', 'b is locked') });
    await provider.take(['b', 'a'], {}, calling());
    expect(await provider.list(calling())).toMatchObject([
      { id: 'a', status: 'running' },
      { id: 'b', status: 'failed', detail: 'croupier: POST /api/v1/nodes/b/undrain: 403: b is locked' },
    ]);
    Object.assign(croupier.nodes.get('b') ?? {}, { isLocked: false });
    await provider.take(['b'], {}, calling());
    expect(await statuses()).toEqual({ a: 'running', b: 'running' });
  });

  it('is refused when none is taken, and can be tried again when croupier has no time', async () => {
    await serve();
    croupier.cloud.trouble('undrain', { does: 'refuse', answer: refusal(403, 'forbidden', 'no') });
    expect(await rejection(provider.take(['c'], {}, calling()))).toBeInstanceOf(Refused);
    croupier.cloud.trouble('undrain', { does: 'throttle', after: 120 });
    expect(await rejection(provider.take(['c'], {}, calling()))).toBeInstanceOf(NotSent);
  });

  it('gives back by draining what serves; what is drained or not there is well', async () => {
    await serve();
    await provider.release(['a', 'c', 'nobody'], {}, calling());
    expect(await statuses()).toEqual({ a: 'spare', b: 'running', c: 'spare' });
    expect(croupier.cloud.count('drain')).toBe(1);
    expect(croupier.cloud.last('drain')?.body).toEqual({ timeout: 30 });
  });
});

describe('draining', () => {
  it('gives the nodes a time in seconds, and is answered when they are drained', async () => {
    const idle = new EventEmitter();
    await serve({ onDrain: () => once(idle, 'idle').then(() => undefined) });
    const drained = act('drain')(acted('a', 'b'), { timeout: 60_000 }, acting());
    await eventually(async () => expect(await statuses()).toMatchObject({ a: 'leaving', b: 'leaving' }));
    idle.emit('idle');
    expect(await drained).toEqual([
      { id: 'a', status: 'ok', reason: '' },
      { id: 'b', status: 'ok', reason: '' },
    ]);
    expect(croupier.cloud.last('drain')?.body).toEqual({ timeout: 60 });
    expect(await statuses()).toMatchObject({ a: 'spare', b: 'spare' });
  });

  it('waits longer for its answer than other requests do', async () => {
    await serve({ onDrain: () => new Promise(() => undefined) });
    const began = Date.now();
    expect(await act('drain')(acted('a'), { timeout: 1000 }, acting())).toMatchObject([{ status: 'ok' }]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
    expect(croupier.cloud.count('drain')).toBe(1);
  });

  it('that is answered at once goes on until the node is drained', async () => {
    await serve({ answersDrain: 'at-once' });
    const drained = act('drain')(acted('a'), { timeout: 60_000 }, acting());
    await eventually(() => expect(croupier.nodes.get('a')?.status).toBe('draining:60'));
    becomes('a', 'drained');
    expect(await drained).toMatchObject([{ status: 'ok' }]);
  });

  it('is over with its time, of which nothing but the node itself tells', async () => {
    await serve({ answersDrain: 'at-once' });
    const call = acting();
    expect(await act('drain')(acted('a'), { timeout: 200 }, call)).toMatchObject([{ status: 'ok' }]);
    expect(call.said).toEqual(['a is draining:1, and the 0.2 s that it was given are over']);
  });

  it('tells for each node how it went', async () => {
    await serve({ nodes: [{ id: 'a', isLocked: true }, { id: 'b' }, { id: 'dead', status: 'offline' }] });
    const outcomes = await act('drain')(acted('a', 'b', 'dead'), { timeout: 1000 }, acting());
    expect(outcomes).toEqual([
      { id: 'a', status: 'failed', reason: 'croupier: POST /api/v1/nodes/a/drain: 403: a is locked' },
      { id: 'b', status: 'ok', reason: '' },
      { id: 'dead', status: 'ok', reason: '' },
    ]);
  });

  it('has not worked for a node that goes on serving', async () => {
    await serve({ answersDrain: 'at-once' });
    croupier.cloud.trouble('drain', { does: 'refuse', answer: { body: {} } });
    expect(await act('drain')(acted('a'), { timeout: 100 }, acting())).toEqual([
      { id: 'a', status: 'timed_out', reason: 'is active after it was drained' },
    ]);
  });

  it('is over with its time where that is a conflict, as with the nodes of another Drover', async () => {
    await serve({ nodes: [{ id: 'a', status: 'draining' }] });
    croupier.cloud.trouble('drain', { does: 'refuse', answer: refusal(409, 'busy', 'task web-7 has it') });
    expect(await act('drain')(acted('a'), { timeout: 50 }, acting())).toMatchObject([{ status: 'ok' }]);
  });

  it('ends when the call is aborted', async () => {
    await serve({ onDrain: () => new Promise(() => undefined) });
    const abort = new AbortController();
    const drained = act('drain')(acted('a'), { timeout: 60_000 }, { ...acting(), signal: abort.signal });
    await eventually(() => expect(croupier.cloud.count('drain')).toBe(1));
    abort.abort(new Error('stopped'));
    expect(await rejection(drained)).toEqual(new Error('stopped'));
  });
});

describe('undraining', () => {
  it('takes nodes into rotation again, each with its outcome', async () => {
    await serve({
      nodes: [
        { id: 'a', status: 'drained', isLocked: true },
        { id: 'b', status: 'drained' },
      ],
    });
    const outcomes = await act('undrain')(acted('a', 'b'), {}, acting());
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'ok']);
    expect(await statuses()).toEqual({ a: 'spare', b: 'running' });
  });

  it('has failed for a node that is out of order, and for one that is listed no more', async () => {
    await serve();
    croupier.cloud.trouble('undrain', { does: 'refuse', answer: { body: {} } });
    becomes('a', 'offline');
    expect(await act('undrain')(acted('a'), {}, acting())).toEqual([
      { id: 'a', status: 'failed', reason: 'is offline after it was undrained' },
    ]);
    croupier.cloud.trouble('undrain', { does: 'refuse', answer: { body: {} } });
    expect(await act('undrain')(acted('x'), {}, acting())).toEqual([
      { id: 'x', status: 'failed', reason: 'croupier does not list it' },
    ]);
  });
});

describe('restarting', () => {
  it('waits until the nodes are back, and tells what croupier can run on them', async () => {
    await serve({ restartTime: 100 });
    const call = acting();
    expect(await act('restart')(acted('a', 'b'), {}, call)).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
    expect(croupier.nodes.get('a')?.status).toBe('active');
    expect(call.said).toEqual(["croupier's commands: drain, restart, undrain"]);
    expect(croupier.cloud.count('restart')).toBe(2);
  });

  it.each([
    ['lose-reply', 1],
    ['fail-after', 1],
    ['drop', 1],
    ['throttle', 2],
  ] as const)('is asked for once more after %s only when it was not carried out', async (does, times) => {
    await serve();
    croupier.cloud.trouble('restart', { does });
    const [outcome] = await act('restart')(acted('a'), {}, acting());
    expect(outcome?.status).toBe(times === 1 ? 'unknown' : 'ok');
    expect(croupier.cloud.count('restart')).toBe(times);
  });

  it('is not asked for again by a repeated attempt, which goes on waiting', async () => {
    await serve({ restartTime: 60_000 });
    const first = acting();
    expect(await act('restart')(acted('a', 'b'), { within: 60 }, first)).toMatchObject([
      { status: 'timed_out', reason: 'is restarting 0.06 s after its restart' },
      { status: 'timed_out' },
    ]);
    const again = act('restart')(acted('a', 'b'), {}, acting(first.keeps.at(-1)));
    for (const node of croupier.nodes.values()) node.status = 'active';
    expect(await again).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
    expect(croupier.cloud.count('restart')).toBe(2);
  });

  it('is unknown when an earlier attempt was interrupted before its reply, and as it was when it was refused', async () => {
    await serve();
    croupier.cloud.trouble('restart', { does: 'refuse', answer: refusal(403, 'forbidden', 'no') });
    const first = acting();
    await act('restart')(acted('a'), {}, first);
    const [asked, refused] = first.keeps;
    expect(await act('restart')(acted('a'), {}, acting(asked))).toEqual([
      {
        id: 'a',
        status: 'unknown',
        reason: 'the worker was interrupted before the reply: nobody knows whether it was carried out',
      },
    ]);
    expect(await act('restart')(acted('a'), {}, acting(refused))).toEqual([
      { id: 'a', status: 'failed', reason: 'croupier: POST /api/v1/nodes/a/restart: 403: no' },
    ]);
    expect(croupier.cloud.count('restart')).toBe(1);
  });

  it('has failed when a node does not come back', async () => {
    await serve();
    becomes('a', 'offline');
    expect(await act('restart')(acted('a'), {}, acting())).toEqual([
      { id: 'a', status: 'failed', reason: 'is offline after its restart' },
    ]);
  });
});

describe("croupier's routes", () => {
  it('list nodes by type and status', async () => {
    await serve();
    const api = await CroupierApi.open(specOf(), giving({ TOKEN: 'croupier-token' }));
    expect((await api.nodes({ type: 'server', status: 'drained' }, calling())).map(({ id }) => id)).toEqual(['c']);
  });

  it('get and put meta', async () => {
    await serve();
    const api = await CroupierApi.open(specOf(), giving({ TOKEN: 'croupier-token' }));
    expect(await api.meta('a', calling())).toEqual({ net: { ip: '198.51.100.1' } });
    expect(await api.putMeta('a', { zone: 'b' }, calling())).toEqual({ zone: 'b' });
    expect(await api.meta('a', calling())).toEqual({ zone: 'b' });
  });

  it('tell the commands', async () => {
    await serve();
    const api = await CroupierApi.open(specOf(), giving({ TOKEN: 'croupier-token' }));
    expect((await api.commands(calling())).map(({ name }) => name)).toEqual(['drain', 'restart', 'undrain']);
  });
});
