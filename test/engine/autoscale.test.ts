import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autoscaleId } from '../../model/autoscale/id.ts';
import type { ListedTask } from '../../store/tasks.ts';
import { random } from '../model/random.ts';
import { day, TARGET } from '../support/day.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { applyAll, poolNamed, poolOf, SERVICE, templatesOf } from '../support/pools.ts';

/** A day goes by in so many readings of a pool at rest; while a task has it, at a tenth of that: machines take minutes, not hours. */
const STEPS = 200;
const [MIN, MAX] = [2, 10];
const COOLDOWN = { up: 100, down: 300 };

interface Moment {
  at: number;
  load: number;
  nodes: number;
  isMissing: boolean;
}

/** What a service's nodes take on average, as Prometheus tells it; a day goes by with the queries. */
class Prometheus {
  readonly moments: Moment[] = [];
  /** Of day, from 0 to 1. */
  time = 0;
  readonly #server: Server;
  readonly #pool: () => Promise<{ nodes: number; busy: string | null }>;
  readonly #day;

  constructor(look: () => Promise<{ nodes: number; busy: string | null }>) {
    const numbers = random(7);
    this.#pool = look;
    this.#day = day(() => numbers.below(1_000_000) / 1_000_000);
    this.#server = createServer((_, response) => {
      void this.#answer().then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body)));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer() {
    const { nodes, busy } = await this.#pool();
    const [load, isMissing] = [this.#day.load(this.time), this.#day.isMissing(this.time)];
    this.time = Math.min(1, this.time + (busy === null ? 1 : 0.1) / STEPS);
    this.moments.push({ at: Date.now(), load, nodes, isMissing });
    if (isMissing) return { status: 503, body: { status: 'error', error: 'the query timed out' } };
    const result = nodes === 0 ? [] : [{ metric: {}, value: [Date.now() / 1000, String(load / nodes)] }];
    return { status: 200, body: { status: 'success', data: { resultType: 'vector', result } } };
  }
}

let engine: Engine;
let prometheus: Prometheus;
let pool: string;

beforeAll(async () => {
  engine = await Engine.start();
  pool = newTaskName('web');
  prometheus = new Prometheus(async () => engine.store.poolStandings.of(await poolOf(engine.store, pool)));
  const url = await prometheus.listen();
  const shell = (name: string, run: string) => ({ name, actions: [{ shell: run }] });
  const steps = {
    expand: [{ use: 'create_vm' }, shell('start', `echo {{node.address}}:{{node.name}} >> ${engine.folder}/started`)],
    shrink: [shell('stop', `echo {{node.name}} >> ${engine.folder}/stopped`), { use: 'return_vm' }],
    deploy: [shell('nothing', 'true')],
  };
  const autoscale = {
    ...{ metric: { prometheus: { url, query: 'avg(rps)' } }, target: TARGET, min: MIN, max: MAX },
    ...{ step: { up: 4, down: 2 }, cooldown: COOLDOWN, every: '1s' },
  };
  await applyAll(engine.store, [
    ...SERVICE,
    ...templatesOf(pool, steps),
    poolNamed(pool, { provider: { ssh: { spares: engine.nodes(MAX) } }, autoscale }),
  ]);
});
afterAll(async () => {
  prometheus.close();
  await engine.close();
});

/** Oldest first. */
async function tasks(): Promise<ListedTask[]> {
  const { items } = await engine.store.tasks.list({ pool, limit: 500 });
  return items.reverse();
}

const turns = (all: readonly ListedTask[]) => all.filter(({ kind }, i) => i > 0 && all[i - 1]?.kind !== kind).length;

/** From `web-auto-20261121T080000-000Z`, in ms. */
function decisionTime(task: string): number {
  const [, day = '', time = '', ms = ''] = /-auto-(\d{8})T(\d{6})-(\d{3})Z$/.exec(task) ?? [];
  const [date, clock] = [day.replace(/(\d{4})(..)(..)/, '$1-$2-$3'), time.replace(/(..)(..)(..)/, '$1:$2:$3')];
  return Date.parse(`${date}T${clock}.${ms}Z`);
}

describe('a day of load, on real nodes', () => {
  let moments: Moment[];
  let actions: ListedTask[];
  let firstRun: string;

  beforeAll(async () => {
    const autoscaler = engine.drover.autoscaler(pool);
    await autoscaler.start();
    firstRun = (await engine.drover.client.workflow.getHandle(autoscaleId(engine.drover.taskQueue, pool)).describe())
      .runId;
    while (prometheus.time < 1) {
      const { length } = prometheus.moments;
      await autoscaler.settingsChanged(); // sooner than Temporal's timers can, which are up to a second late
      await eventually(() => expect(prometheus.moments.length).toBeGreaterThan(length));
    }
    await autoscaler.pause();
    await eventually(async () => {
      const state = await autoscaler.state();
      expect(state?.paused).toBe(true);
      expect(state?.underWay).toBeNull();
    });
    moments = prometheus.moments;
    actions = await tasks();
  });

  afterAll(async () => {
    await engine.drover.client.workflow.getHandle(autoscaleId(engine.drover.taskQueue, pool)).terminate();
  });

  it('takes few actions, all of which go well', ({ annotate }) => {
    const grown = actions.filter(({ kind }) => kind === 'expand').length;
    const seconds = ((moments.at(-1)?.at ?? 0) - (moments[0]?.at ?? 0)) / 1000;
    void annotate(
      `${moments.length} readings in ${seconds.toFixed(1)} s, ${grown} expansions, ${actions.length - grown} shrinks, ${turns(actions)} turns`,
    );
    expect(actions.map(({ status, reason }) => `${status} ${reason}`.trim())).toEqual(actions.map(() => 'ok'));
    expect(new Set(actions.map(({ startedBy }) => startedBy))).toEqual(new Set(['autoscale']));
    expect(actions.length).toBeGreaterThan(4);
    expect(actions.length).toBeLessThan(30);
  });

  it('goes from min to max and back, and never beyond', () => {
    const nodes = moments.map((moment) => moment.nodes);
    expect(Math.max(...nodes)).toBe(MAX);
    expect(Math.min(...nodes.slice(nodes.length / 2))).toBeGreaterThanOrEqual(MIN);
    expect(nodes.at(-1)).toBeLessThanOrEqual(4);
  });

  it('has nodes enough for the load most of the time, and not many more', () => {
    const isShort = ({ load, nodes }: Moment) => Math.min(load, MAX * TARGET) > nodes * TARGET * 1.25;
    expect(moments.filter(isShort).length / moments.length).toBeLessThan(0.15);
    const used = moments.reduce((sum, { nodes }) => sum + nodes, 0);
    const needed = moments.reduce((sum, { load }) => sum + Math.min(MAX, Math.ceil(load / TARGET)), 0);
    expect(used / needed).toBeLessThan(1.4);
  });

  it('does one thing after another, and never turns round within a cool-down', () => {
    expect(turns(actions)).toBeLessThanOrEqual(10);
    actions.forEach(({ kind, createdAt }, i) => {
      const before = actions[i - 1]?.finishedAt;
      const cooldown = kind === 'expand' ? COOLDOWN.up : COOLDOWN.down;
      if (before) expect(createdAt.getTime() - before.getTime()).toBeGreaterThanOrEqual(cooldown - 2);
    });
  });

  it('decides nothing while there is no metric', () => {
    const missing = moments.filter(({ isMissing }) => isMissing);
    expect(missing.length).toBeGreaterThanOrEqual(STEPS / 24 - 1);
    const [from = 0, to = 0] = [missing.at(0)?.at, missing.at(-1)?.at];
    const decided = actions.map(({ name }) => decisionTime(name));
    expect(decided.filter((at) => at >= from && at <= to)).toEqual([]);
    expect(decided.some((at) => at < from) && decided.some((at) => at > to)).toBe(true);
  });

  it('has prepared each machine that it took, and forgotten none', async () => {
    const { id, nodes } = await poolOf(engine.store, pool);
    expect(await engine.store.machines.live(id)).toHaveLength(nodes.length);
    expect(await engine.store.machines.unreleased(id)).toEqual([]);
    const [started, stopped] = [await engine.lines('started'), await engine.lines('stopped')];
    expect(started.length - stopped.length).toBe(nodes.length);
  });

  it('goes on in a new history before the old one is long, and forgets nothing', async () => {
    const { workflow } = engine.drover.client;
    const [first, now] = [
      workflow.getHandle(autoscaleId(engine.drover.taskQueue, pool), firstRun),
      workflow.getHandle(autoscaleId(engine.drover.taskQueue, pool)),
    ];
    const autoscaler = engine.drover.autoscaler(pool);
    while ((await now.describe()).runId === firstRun) {
      await Promise.all(Array.from({ length: 50 }, () => autoscaler.settingsChanged()));
      // While there is always another signal to consider, no workflow comes to its end.
      await eventually(async () => expect((await autoscaler.state())?.nextReadingAt).not.toBeNull());
    }
    expect((await first.describe()).historyLength).toBeLessThan(4500);
    const grown = actions.filter(({ kind }) => kind === 'expand').length;
    expect(await autoscaler.state()).toMatchObject({
      ...{ paused: true, actions: { up: grown, down: actions.length - grown } },
      last: { down: { task: actions.findLast(({ kind }) => kind === 'shrink')?.name } },
    });
  });
});

describe('an action that does not go well', () => {
  it('is told with its reason, and not begun again before the cool-down is over', async () => {
    const poor = newTaskName('poor');
    const steps = { expand: [{ use: 'create_vm' }], shrink: [{ use: 'return_vm' }], deploy: [{ use: 'drain' }] };
    const metric = { json: { url: 'http://127.0.0.1:9', path: 'load' } };
    await applyAll(engine.store, [
      ...templatesOf(poor, steps),
      poolNamed(poor, {
        provider: { ssh: { spares: engine.nodes(1) } },
        autoscale: { metric, target: 1, min: 2, max: 3, cooldown: { up: '1h' } },
      }),
    ]);
    const autoscaler = engine.drover.autoscaler(poor);
    await autoscaler.start();
    await eventually(
      async () => {
        await autoscaler.settingsChanged();
        expect(await autoscaler.state()).toMatchObject({
          ...{ underWay: null, actions: { up: 1, down: 0 }, last: { up: { by: 2, ok: false } } },
          decision: { do: 'none', why: expect.stringMatching(/fewer than min 2.*cools down .* failed$/) as unknown },
        });
      },
      { within: 30_000 },
    );
    const [task] = (await engine.store.tasks.list({ pool: poor, limit: 10 })).items;
    const state = await autoscaler.state();
    expect(task?.status).toBe('failed');
    expect(state?.last.up?.reason).toBe(task?.reason);
    expect(state?.last.up?.reason).not.toBe('');
    await engine.drover.client.workflow.getHandle(autoscaleId(engine.drover.taskQueue, poor)).terminate();
  });
});
