import { Invalid } from '../../../model/parse/problem.ts';
import { parsePoolRequest, placeInRequest, type PoolVerb } from '../../../model/parse/pool-requests.ts';
import { NotFound } from '../../../store/catalogue/errors.ts';
import type { PoolRow } from '../../../store/catalogue/types.ts';
import type { Store } from '../../../store/store.ts';
import type { App } from '../../app.ts';
import { idempotencyHeader } from '../../idempotency.ts';
import type { Parts } from '../../parts.ts';
import { byName } from '../../schemas/catalogue-query.ts';
import { anyError } from '../../schemas/error.ts';
import { poolRequests } from '../../schemas/pool-actions.ts';
import { task } from '../../schemas/task.ts';
import { startTask } from '../../start-task.ts';

const SUMMARIES: Record<PoolVerb, string> = {
  expand: 'Add nodes to a pool, on machines of its provider, by its expand template',
  shrink: 'Take nodes out of a pool by its shrink template, and give their machines back',
  deploy: "Run a pool's deploy template on its nodes",
  release: 'Give machines back that were made for a pool and are none of its nodes',
};

/** What can be done with a pool: each starts a task, which waits for its turn with the pool. */
export function poolActionRoutes(app: App, parts: Parts): void {
  for (const verb of ['expand', 'shrink', 'deploy', 'release'] as const) actionRoute(app, parts, verb);
}

function actionRoute(app: App, parts: Parts, verb: PoolVerb): void {
  app.post(
    `/api/v1/pools/:name/${verb}`,
    {
      config: { access: 'operator' },
      schema: {
        ...{ summary: `${SUMMARIES[verb]}: starts a task`, tags: ['pools'], params: byName },
        ...{ headers: idempotencyHeader, body: poolRequests[verb], response: { 201: task, ...anyError } },
      },
    },
    async (request, reply) => {
      const pool = await poolNamed(parts.store, request.params.name);
      const asked = parsePoolRequest(verb, request.body ?? {});
      if ('shrink' in asked.do) await refuseStrangers(parts.store, pool, asked.do.shrink.nodes ?? []);
      try {
        await startTask(parts, request, reply, { pool: pool.name, ...asked });
      } catch (error) {
        throw error instanceof Invalid ? inRequest(error) : error;
      }
      return reply;
    },
  );
}

async function poolNamed({ catalogue }: Store, name: string): Promise<PoolRow> {
  const pool = name.includes('\0') ? undefined : await catalogue.pools.named(name);
  if (!pool) throw new NotFound('pool', name);
  return pool;
}

/** Who names a node of another pool is told so: it is another machine than was meant, or another pool. */
async function refuseStrangers(store: Store, pool: PoolRow, names: readonly string[]): Promise<void> {
  const own = new Set((await store.catalogue.nodes.all(pool.id)).map(({ name }) => name));
  const problems = await Promise.all(
    [...names.entries()]
      .filter(([, name]) => !own.has(name))
      .map(async ([i, name]) => {
        const { items } = await store.nodes.list({ name, limit: 3 });
        const elsewhere = items.map((node) => node.pool).join(', ');
        const message = `${name} is no node of pool ${pool.name}${elsewhere === '' ? '' : `, but of ${elsewhere}`}`;
        return { path: `nodes[${i}]`, message, expected: 'names of its nodes' };
      }),
  );
  if (problems.length > 0) throw new Invalid(problems);
}

/** Problems by the keys of the request. */
function inRequest({ problems }: Invalid): Invalid {
  return new Invalid(problems.map((problem) => ({ ...problem, path: placeInRequest(problem.path) })));
}
