import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import type { AccessSettings } from '../../api/access/settings.ts';
import type { Drover, Parts, Schedules, Submission } from '../../api/parts.ts';
import { serve } from '../../api/serve.ts';
import { NameInUse, NoSuchTask, NotRunning, Refused } from '../../client/errors.ts';
import type { WantedSchedule } from '../../client/schedule-plan.ts';
import type { ScheduleState } from '../../client/schedules.ts';
import type { AutoscaleView } from '../../model/autoscale/view.ts';
import type { Execution } from '../../model/execution.ts';
import { parseSubmission, parseTemplate } from '../../model/parse/index.ts';
import { isComplete } from '../../model/resolve.ts';
import { DEFAULT_ROLLOUT } from '../../model/rollout.ts';
import type { Template } from '../../model/template.ts';
import { openStore, type Store } from '../../store/store.ts';
import type { JobRef } from '../../store/jobs.ts';
import type { TaskRow } from '../../store/tasks.ts';

/** Temporal's part of schedules: has those that it was last told to have, and starts nothing. */
class ToldSchedules implements Schedules {
  readonly present = new Map<string, { wanted: WantedSchedule; state: ScheduleState }>();
  readonly told: string[] = [];
  /** What is thrown in place of any answer. */
  broken: Error | undefined;

  async bringInLine(wanted: () => Promise<readonly WantedSchedule[]>): Promise<{ name: string; reason: string }[]> {
    if (this.broken) throw this.broken;
    const schedules = await wanted();
    const before = new Map(this.present);
    this.present.clear();
    for (const one of schedules) {
      const key = one.name.toLowerCase();
      const none = { paused: false, note: '', running: [], recent: [], skipped: 0, missed: 0 };
      this.present.set(key, { wanted: one, state: before.get(key)?.state ?? none });
    }
    return [];
  }

  state(name: string): Promise<ScheduleState | undefined> {
    if (this.broken) return Promise.reject(this.broken);
    return Promise.resolve(this.present.get(name.toLowerCase())?.state);
  }

  pause(name: string, note: string): Promise<void> {
    return this.#tell(name, `pause ${note}`, { paused: true, note });
  }

  resume(name: string): Promise<void> {
    return this.#tell(name, 'resume', { paused: false, note: '' });
  }

  async trigger(name: string): Promise<string> {
    await this.#tell(name, 'trigger');
    return `${name}-now`;
  }

  backfill(name: string, { from, to, overlap }: Parameters<Schedules['backfill']>[1]): Promise<void> {
    return this.#tell(name, `backfill ${from.toISOString()} ${to.toISOString()} ${overlap ?? ''}`.trim());
  }

  #tell(name: string, what: string, change: Partial<ScheduleState> = {}): Promise<void> {
    const present = this.present.get(name.toLowerCase());
    if (this.broken) return Promise.reject(this.broken);
    if (!present) return Promise.reject(new Refused(`Temporal does not have schedule ${name} yet`));
    Object.assign(present.state, change);
    this.told.push(`${name}: ${what}`);
    return Promise.resolve();
  }
}

/** Stands for Temporal: knows which tasks there are and what was asked of them; runs nothing. */
export class Told implements Drover {
  readonly submitted: Submission[] = [];
  readonly told: string[] = [];
  readonly schedules = new ToldSchedules();
  readonly executions = new Map<string, Execution>();
  /** Who has a pool, and who waits for it. */
  readonly queues = new Map<string, string[]>();
  /** No worker answers for a queue. */
  isSilent = false;
  /** By pool; without one it does not run. */
  readonly autoscalers = new Map<string, AutoscaleView>();
  /** What is thrown in place of any answer. */
  broken: Error | undefined;

  run(request: Submission): Promise<{ name: string }> {
    parseSubmission(request);
    const name = request.name ?? 'unnamed';
    if (this.executions.has(name)) throw new NameInUse(name);
    this.submitted.push(request);
    this.executions.set(name, 'running');
    return Promise.resolve({ name });
  }

  autoscaler(pool: string): ReturnType<Drover['autoscaler']> {
    const tell = (what: string): Promise<void> => {
      if (this.broken) return Promise.reject(this.broken);
      this.told.push(`autoscale ${pool}: ${what}`);
      return Promise.resolve();
    };
    return {
      state: () => (this.broken ? Promise.reject(this.broken) : Promise.resolve(this.autoscalers.get(pool))),
      pause: () => tell('pause'),
      resume: () => tell('resume'),
      settingsChanged: () => tell('settings changed'),
    };
  }

  queueOf(pool: string): Promise<string[]> {
    if (this.isSilent) return new Promise(() => undefined);
    return this.broken ? Promise.reject(this.broken) : Promise.resolve(this.queues.get(pool) ?? []);
  }

  /** As which pools were last to be scaled by their load. */
  scaled: readonly string[] = [];

  keepAutoscalers(pools: readonly string[]): Promise<void> {
    this.scaled = pools;
    return Promise.resolve();
  }

  task(name: string): ReturnType<Drover['task']> {
    const tell = (what: string): Promise<void> => {
      const state = this.executions.get(name);
      if (state === undefined) return Promise.reject(new NoSuchTask(name));
      if (state !== 'running' && !what.startsWith('retry')) return Promise.reject(new NotRunning(name, what));
      this.told.push(`${name}: ${what}`);
      return Promise.resolve();
    };
    return {
      execution: () =>
        this.broken
          ? Promise.reject(this.broken)
          : Promise.resolve({ state: this.executions.get(name) ?? 'missing', runId: 'run-1' }),
      pause: () => tell('pause'),
      resume: () => tell('resume'),
      stop: (options) => tell(`stop ${JSON.stringify(options)}`),
      retry: (options) => tell(`retry ${JSON.stringify(options)}`),
      skip: (nodes) => tell(`skip ${nodes.join(',')}`),
      setRollout: async (edit) => {
        await tell(`rollout ${JSON.stringify(edit)}`);
        return DEFAULT_ROLLOUT;
      },
    };
  }
}

export interface Served {
  url: string;
  store: Store;
  temporal: Told;
  /** What the server is built from. */
  parts: Parts;
  /** Closes the server; what is given serves again in the same place. */
  stop(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** The real API over the real store, embedded. `host`: where it listens; without tokens only on loopback. */
export async function serveApi({
  workers = () => Promise.resolve(1),
  host = '127.0.0.1',
  log = pino({ level: 'silent' }),
  access,
}: {
  workers?: () => Promise<number>;
  host?: string;
  log?: Parts['log'];
  access?: AccessSettings;
} = {}): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-api-'));
  const store = await openStore({ folder });
  const temporal = new Told();
  const parts: Parts = {
    store,
    drover: temporal,
    temporalUi: 'http://ui.example',
    namespace: 'default',
    version: '1.2.3',
    log,
    workers,
    ...(access && { access }),
  };
  let server = await serve(parts, { host, port: 0 });
  const { port } = new URL(server.url);
  return {
    url: `http://127.0.0.1:${port}`,
    store,
    temporal,
    parts,
    stop: async () => {
      await server.close();
      return async () => {
        server = await serve(parts, { host, port: Number(port) });
      };
    },
    close: async () => {
      await server.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const TEMPLATE = complete({
  name: 'web',
  params: { tag: { default: '1' } },
  steps: [
    { name: 'pull', actions: [{ shell: 'echo {{tag}}' }] },
    { name: 'start', actions: [{ shell: 'true' }, { shell: 'false' }] },
  ],
});

function complete(template: object): Template {
  const spec = parseTemplate(template);
  if (!isComplete(spec)) throw new Error('it takes steps of the catalogue');
  return spec;
}

/** A task in the ledger and in Temporal, running on nodes `web-01`, `web-02`, … */
export async function seedTask(
  { store, temporal }: Served,
  name: string,
  nodes = 3,
  pool: string | null = null,
): Promise<TaskRow> {
  temporal.executions.set(name, 'running');
  const { task } = await store.tasks.create({
    ...{ name, kind: 'run', pool, template: TEMPLATE, params: {}, rollout: DEFAULT_ROLLOUT, digest: name },
    ...{ startedBy: 'test', nodesTotal: nodes, workflowId: name, runId: 'run-1' },
  });
  await store.tasks.addNodes(task.id, 0, nodesNamed(nodes));
  await store.tasks.update(task.id, { status: 'running', startedAt: new Date() });
  return task;
}

export async function endTask(
  { store, temporal }: Served,
  task: TaskRow,
  status: 'ok' | 'failed' = 'ok',
): Promise<void> {
  await store.tasks.update(task.id, { status, reason: '', finishedAt: new Date() });
  temporal.executions.set(task.name, status === 'ok' ? 'completed' : 'failed');
}

/** Writes a job's output, piece after piece. */
export class Output {
  readonly #store: Store;
  readonly #ref: JobRef;
  #offset = 0;

  constructor(store: Store, ref: JobRef) {
    this.#store = store;
    this.#ref = ref;
  }

  async write(...pieces: (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece);
      const next = this.#offset + bytes.length;
      await this.#store.logs.append(this.#ref, 'out', this.#offset, bytes, next);
      this.#offset = next;
    }
  }
}

export async function begin(store: Store, ref: JobRef): Promise<Output> {
  await store.ledger.begin(1, [ref]);
  await store.ledger.startJob(ref, 'token');
  return new Output(store, ref);
}

function nodesNamed(count: number): { name: string; address: string }[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `web-${String(i + 1).padStart(2, '0')}`,
    address: `192.0.2.${i + 1}`,
  }));
}
