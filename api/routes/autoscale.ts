import type { FastifyRequest } from 'fastify';
import { Refused, TemporalUnreachable } from '../../client/errors.ts';
import { writtenSettings } from '../../model/autoscale/view.ts';
import { parseDocument } from '../../model/parse/documents.ts';
import { Invalid } from '../../model/parse/problem.ts';
import type { AutoscaleSpec } from '../../model/pool/pool.ts';
import { NotFound } from '../../store/catalogue/errors.ts';
import type { CatalogueReads, PoolRow } from '../../store/catalogue/types.ts';
import { recorded } from '../access/recorded.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import type { Parts } from '../parts.ts';
import { autoscaleSettings, autoscaleView } from '../schemas/autoscale.ts';
import { byName } from '../schemas/catalogue-query.ts';
import { anyError, nothing } from '../schemas/error.ts';

const PATH = '/api/v1/pools/:name/autoscale';
const tags = ['autoscale'];
const shown = { tags, params: byName, response: { 200: autoscaleView, ...anyError } };

/** How a pool grows and shrinks by its load. */
export function autoscaleRoutes(app: App, parts: Parts): void {
  settingsRoutes(app, parts);
  steerRoutes(app, parts);
}

function settingsRoutes(app: App, parts: Parts): void {
  const { catalogue } = parts.store;
  app.get(
    PATH,
    {
      config: { access: 'viewer' },
      schema: { summary: 'How a pool is scaled by its load, what was read last, and what came of it', ...shown },
    },
    async ({ params }) => view(parts, await scaled(catalogue, params.name)),
  );

  app.put(
    PATH,
    {
      config: { access: 'operator' },
      schema: { summary: 'Have a pool scaled by its load', body: autoscaleSettings, ...shown },
    },
    async ({ actor, params, body }) => {
      const row = await catalogue.change(actor, async (edit) => {
        const before = await found(edit, params.name);
        return edit.pools.update(before.id, { autoscale: settingsIn(body, before) });
      });
      await tell(parts, row.name);
      return view(parts, await scaled(catalogue, row.name));
    },
  );

  app.delete(
    PATH,
    {
      config: { access: 'operator' },
      schema: {
        ...{ summary: 'Scale a pool by its load no more; its nodes stay', tags, params: byName },
        response: { 204: nothing('it is scaled by its load no more'), ...anyError },
      },
    },
    async ({ actor, params }, reply) => {
      const row = await catalogue.change(actor, async (edit) => {
        const before = await scaled(edit, params.name);
        return edit.pools.update(before.id, { autoscale: null });
      });
      await tell(parts, row.name);
      return reply.code(204).send();
    },
  );
}

function steerRoutes(app: App, parts: Parts): void {
  const told = async (request: Steering, what: 'pause' | 'resume') => {
    const row = await scaled(parts.store.catalogue, request.params.name);
    const asked = { action: `autoscale.${what}`, kind: 'pool', name: row.name };
    await recorded(parts, request, asked, () => parts.drover.autoscaler(row.name)[what]());
    return view(parts, row);
  };

  app.post(
    `${PATH}/pause`,
    {
      config: { access: 'operator' },
      schema: { summary: 'Go on reading the metric, and start nothing by it', ...shown },
    },
    (request) => told(request, 'pause'),
  );
  app.post(
    `${PATH}/resume`,
    {
      config: { access: 'operator' },
      schema: { summary: 'Scale the pool by its load again', ...shown },
    },
    (request) => told(request, 'resume'),
  );
}

type Steering = Pick<FastifyRequest<{ Params: { name: string } }>, 'params' | 'actor'>;

type Pools = Pick<CatalogueReads, 'pools'>;

async function found({ pools }: Pools, name: string): Promise<PoolRow> {
  // PostgreSQL's text has no NUL, so no name has.
  const row = name.includes('\0') ? undefined : await pools.named(name);
  return row ?? Promise.reject(new NotFound('pool', name));
}

/** Throws ApiError 404, too, when the pool is not scaled by its load. */
async function scaled(reads: Pools, name: string): Promise<PoolRow & { autoscale: AutoscaleSpec }> {
  const row = await found(reads, name);
  if (!row.autoscale) throw new ApiError(404, 'not_found', `pool ${row.name} is not scaled by its load`);
  return { ...row, autoscale: row.autoscale };
}

/** As they must be in a document of the pool. Throws Invalid. */
function settingsIn(body: unknown, { name, provider, limits }: PoolRow): AutoscaleSpec | null {
  try {
    const pool = { kind: 'pool', name, service: name, ...(provider && { provider }), ...(limits && { limits }) };
    const document = parseDocument({ ...pool, autoscale: body });
    return (document.kind === 'pool' && document.autoscale) || null;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw new Invalid(error.problems.map((one) => ({ ...one, path: one.path.replace(/^autoscale\.?/, '') })));
  }
}

/** Saved is saved: without Temporal the workers bring it in line when it is there again. */
async function tell({ drover, log }: Parts, pool: string): Promise<void> {
  try {
    await drover.autoscaler(pool).settingsChanged();
  } catch (error) {
    if (!(error instanceof TemporalUnreachable)) throw error;
    log.warn({ err: error, pool }, 'the settings are saved; what scales the pool will find them');
  }
}

async function view({ drover }: Parts, { name, autoscale }: PoolRow & { autoscale: AutoscaleSpec }) {
  const shown = { pool: name, settings: writtenSettings(autoscale) };
  try {
    const state = (await drover.autoscaler(name).state()) ?? null;
    return { ...shown, state, reason: state ? '' : 'it does not run yet: a worker starts it within a minute' };
  } catch (error) {
    if (!(error instanceof Refused || error instanceof TemporalUnreachable)) throw error;
    return { ...shown, state: null, reason: error.message };
  }
}
