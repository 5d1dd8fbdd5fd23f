import { expect, inject } from 'vitest';
import { clientOf, importFrom, CATALOGUE, serveOver, TESTER, type OpendcpClient } from '../api/opendcp/serving.ts';
import { Engine } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import type { Target } from '../../remote/target.ts';

/** A task as `/task/:id` shows it. */
export interface TaskShown {
  id: number;
  task_name: string;
  state: number;
  options: { name: string; param_values: Record<string, unknown> | null }[];
  step_len: number;
  Stat: number[];
}

export interface NodeShown {
  id: number;
  ip: string;
  state: number;
  steps: string;
}

export interface StepGiven {
  name: string;
  param_values?: Record<string, unknown>;
  retry?: { retry_times?: number; ignore_error?: boolean };
}

/** A whole engine with the made-up catalogue in it, driven as OpenDCP's clients would; its pool `web` has real nodes. */
export class OpendcpEngine {
  readonly engine: Engine;
  readonly client: OpendcpClient;
  readonly pool: number;
  readonly #targets: Target[];
  readonly #close: () => Promise<void>;
  #templates = 0;

  private constructor(
    engine: Engine,
    client: OpendcpClient,
    pool: number,
    targets: Target[],
    close: () => Promise<void>,
  ) {
    this.engine = engine;
    this.client = client;
    this.pool = pool;
    this.#targets = [...targets];
    this.#close = close;
  }

  static async start({ worker = true, targets = inject('shared').sshd.targets } = {}): Promise<OpendcpEngine> {
    const engine = await Engine.start({ worker });
    await importFrom(engine.store, CATALOGUE);
    const server = await serveOver(engine.store, engine.drover);
    const client = clientOf(server.url);
    const pool = await client.id('/pool/create', { name: 'web', service_id: 2, tasks: {} });
    // OpenDCP knows nodes by their addresses alone: the pool says how they are reached.
    const { port, user, identityFile, knownHosts } = targets[0] ?? {};
    const ssh = Object.fromEntries(
      Object.entries({ port, user, identityFile, knownHosts }).filter(([, value]) => value !== undefined),
    );
    await engine.store.catalogue.change(TESTER, (edit) => edit.pools.update(pool, { ssh }));
    return new OpendcpEngine(engine, client, pool, targets, async () => {
      await server.close();
      await engine.close();
    });
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** So many nodes that no other test has, now in the pool; their addresses. */
  async nodes(count: number, pool = this.pool): Promise<string[]> {
    const ips = this.#targets.splice(0, count).map(({ address }) => address);
    await this.client.data(`/pool/${pool}/add_nodes`, { nodes: ips });
    return ips;
  }

  async template(steps: StepGiven[]): Promise<number> {
    this.#templates += 1;
    return this.client.id('/task_tpl/create', { name: `模板 ${this.#templates}`, desc: '', steps });
  }

  /** Starts a task; its id. */
  async run(templateId: number, ips: string[], { ratio = 100, most = 100 } = {}): Promise<number> {
    const { ids } = (await this.client.data('/task/create', {
      ...{ template_id: templateId, task_name: `任务 ${templateId}`, max_ratio: ratio, max_num: most },
      nodes: ips.map((ip) => ({ ip })),
    })) as { ids: number[] };
    return Number(ids[0]);
  }

  async task(id: number): Promise<TaskShown> {
    return (await this.client.data(`/task/${id}`)) as TaskShown;
  }

  /** Of all states, by their ids. */
  async detail(id: number): Promise<NodeShown[]> {
    const states = (await this.client.data(`/task/${id}/detail`)) as Record<string, NodeShown[]>;
    return Object.values(states)
      .flat()
      .sort((a, b) => a.id - b.id);
  }

  /** Waits until the task shows as wanted. */
  comes(id: number, wanted: Partial<TaskShown>): Promise<void> {
    return eventually(async () => expect(await this.task(id)).toMatchObject(wanted), { within: 60_000 });
  }

  /** Waits until the nodes show so, in their order. */
  come(id: number, wanted: Partial<NodeShown>[]): Promise<void> {
    return eventually(async () => expect(await this.detail(id)).toMatchObject(wanted), { within: 60_000 });
  }

  /** Waits until commands have written so many lines to a file of the engine's folder; the lines. */
  written(file: string, lines: number): Promise<string[]> {
    return eventually(
      async () => {
        const found = await this.engine.lines(file);
        expect(found).toHaveLength(lines);
        return found;
      },
      { within: 60_000 },
    );
  }

  /** OpenDCP's statuses of the pool's nodes at these addresses: 0 before a task ended, 2 ok, 3 failed. */
  async poolStatuses(ips: string[]): Promise<(number | undefined)[]> {
    const nodes = (await this.client.data(`/pool/${this.pool}/list_nodes?page_size=100`)) as {
      ip: string;
      status: number;
    }[];
    return ips.map((ip) => nodes.find((node) => node.ip === ip)?.status);
  }

  /**
   * A step that appends `word` and the node's address to the file `word`, waits for `word-go` (or `word-go-ADDRESS`), and fails
   * where `word-bad-ADDRESS` is.
   */
  write(word: string, retry?: StepGiven['retry']): StepGiven {
    const at = (name: string) => `${this.engine.folder}/${name}`;
    const param_values = { line: word, file: at(word), go: at(`${word}-go`), bad: at(`${word}-bad`) };
    return { name: 'write', param_values, ...(retry && { retry }) };
  }

  go(word: string): Promise<void> {
    return this.engine.touch(`${word}-go`);
  }

  fails(word: string, ip: string): Promise<void> {
    return this.engine.touch(`${word}-bad-${ip}`);
  }
}

export function echo(word: string): StepGiven {
  return { name: 'echo', param_values: { echo_word: word } };
}
