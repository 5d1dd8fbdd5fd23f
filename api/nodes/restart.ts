import { traitsOf } from '../../model/pool/provider.ts';
import { templateId } from '../../store/catalogue/documents.ts';
import type { CatalogueReads } from '../../store/catalogue/types.ts';
import type { StandingNode } from '../../store/nodes-of-pools.ts';
import { ApiError } from '../errors.ts';
import type { Submission } from '../parts.ts';

/**
 * The task that restarts a node: its pool's `restart` template on it, else its provider's own restart. Throws ApiError 409 when
 * there is neither.
 */
export async function restartOf(
  catalogue: CatalogueReads,
  { name, poolId, pool: poolName }: StandingNode,
): Promise<Submission> {
  const pool = await catalogue.pools.get(poolId);
  const template = await catalogue.templates.get(templateId(pool?.tasks?.['restart']) ?? 0);
  const submission = { pool: poolName, do: { deploy: { nodes: [name] } } };
  if (template) return { ...submission, templateName: template.name };
  if (pool?.provider && traitsOf(pool.provider).acts.includes('restart'))
    return { ...submission, template: { name: 'restart', steps: [{ use: 'restart' }] } };
  throw new ApiError(
    409,
    'no_restart',
    `nothing says how nodes of pool ${poolName} are restarted: name a template for it (templates: { restart: NAME }); its provider has no restart`,
  );
}
