import { poolDocument, templateId } from '../../store/catalogue/documents.ts';
import type { CatalogueReads, PoolNodeRow, PoolRow } from '../../store/catalogue/types.ts';
import { fieldsOf, namesOf, stamps } from './catalogue.ts';

/** Pools without their nodes, but how many. */
export async function poolSummaries(reads: CatalogueReads, rows: readonly PoolRow[]): Promise<object[]> {
  const [services, templates, counts] = await Promise.all([
    namesOf(
      rows.map(({ serviceId }) => serviceId),
      (id) => reads.services.get(id),
    ),
    namesOf(rows.flatMap(templatesOf), (id) => reads.templates.get(id)),
    reads.nodes.counts(rows.map(({ id }) => id)),
  ]);
  return rows.map((row) => {
    const document = fieldsOf(poolDocument(row, services.get(row.serviceId) ?? '', templates, []));
    delete document['nodes'];
    return { ...document, ...stamps(row), provider: document['provider'] ?? null, count: counts.get(row.id) ?? 0 };
  });
}

/** Pools with their nodes. */
export async function poolViews(reads: CatalogueReads, rows: readonly PoolRow[]): Promise<object[]> {
  const [summaries, nodes] = await Promise.all([
    poolSummaries(reads, rows),
    Promise.all(rows.map(({ id }) => reads.nodes.all(id))),
  ]);
  return summaries.map((summary, i) => {
    const own = nodes[i] ?? [];
    return { ...summary, count: own.length, nodes: own.map(poolNodeView) };
  });
}

const STATUSES: Record<number, 'ok' | 'failed'> = { 2: 'ok', 3: 'failed' };

/** A node with how it is reached, where it says so itself. */
export function poolNodeView({ node, vmId, status, drainedBy, joinedAt }: PoolNodeRow) {
  return {
    ...node,
    providerId: vmId === '' ? null : vmId,
    status: STATUSES[status] ?? ('new' as const),
    drained: drainedBy !== '',
    joinedAt: joinedAt.toISOString(),
  };
}

function templatesOf({ tasks }: PoolRow): number[] {
  return Object.values(tasks ?? {}).flatMap((value) => templateId(value) ?? []);
}
