import type { Document, PoolDocument, ScheduleDocument } from '../../model/catalogue/document.ts';
import type { Json } from '../../model/json.ts';
import { actionOf, paramsOf } from '../../model/opendcp/actions.ts';
import type {
  ActionRow,
  CatalogueReads,
  ClusterRow,
  ImplementationRow,
  PoolNodeRow,
  PoolRow,
  ScheduleRow,
  ServiceRow,
  StepRow,
  TemplateRow,
} from './types.ts';

/** The whole catalogue as documents. */
export async function currentDocuments(reads: CatalogueReads): Promise<Document[]> {
  const clusters = await reads.clusters.all();
  const services = await reads.services.all();
  const actions = await reads.actions.all();
  const implementations = await reads.implementations.ofAll(actions.map(({ id }) => id));
  const steps = await reads.steps.all();
  const templates = await reads.templates.all();
  const pools = await reads.pools.all();
  const clusterNames = namesOf(clusters);
  const serviceNames = namesOf(services);
  const templateNames = namesOf(templates);
  const documents: Document[] = [
    ...clusters.map(clusterDocument),
    ...services.map((row) => serviceDocument(row, clusterNames.get(row.clusterId) ?? '')),
    ...actions.map((row) => actionDocument(row, implementations.get(row.id))),
    ...steps.map(stepDocument),
    ...templates.map(templateDocument),
  ];
  for (const row of pools) {
    const nodes = await reads.nodes.added(row.id);
    documents.push(poolDocument(row, serviceNames.get(row.serviceId) ?? '', templateNames, nodes));
  }
  const poolNames = namesOf(pools);
  for (const row of await reads.schedules.all()) documents.push(scheduleDocument(row, poolNames.get(row.poolId) ?? ''));
  return documents;
}

function namesOf(rows: readonly { id: number; name: string }[]): Map<number, string> {
  return new Map(rows.map(({ id, name }) => [id, name]));
}

export function clusterDocument({ name, desc, biz }: ClusterRow): Document {
  return { kind: 'cluster', name, desc, biz };
}

export function serviceDocument({ name, desc, serviceType, dockerImage }: ServiceRow, cluster: string): Document {
  return { kind: 'service', name, desc, cluster, type: serviceType, image: dockerImage };
}

/** An implementation that has no counterpart here stays in its own form. */
export function actionDocument(row: ActionRow, implementation: ImplementationRow | undefined): Document {
  const body = implementation && actionOf(implementation.template);
  return {
    kind: 'action',
    name: row.name,
    desc: row.desc,
    params: paramsOf(row.params),
    ...(body && ('problem' in body ? { implementation: implementation.template } : body)),
  };
}

export function stepDocument({ name, desc, actions }: StepRow): Document {
  return { kind: 'step', name, desc, actions: actions ?? [] };
}

export function templateDocument({ spec }: TemplateRow): Document {
  return { kind: 'template', ...spec };
}

/** `nodes`: those that were added by hand. Machines of its provider come by an expansion and go by a shrink. */
export function poolDocument(
  row: PoolRow,
  service: string,
  templates: Map<number, string>,
  nodes: readonly PoolNodeRow[],
): PoolDocument {
  const { name, desc, vmType, sdId, ssh, provider, limits, onFailure, dependsOn, autoscale } = row;
  const { named, others } = byTemplate(row.tasks ?? {}, templates);
  return {
    kind: 'pool',
    name,
    desc,
    service,
    templates: named,
    ...(ssh && { ssh }),
    nodes: nodes.map(({ node }) => node),
    ...(provider && { provider }),
    ...(limits && { limits }),
    ...(onFailure !== '' && { onFailure }),
    ...(dependsOn && { dependsOn }),
    ...(autoscale && { autoscale }),
    opendcp: { vmType, sdId, tasks: others },
  };
}

export function scheduleDocument(row: ScheduleRow, pool: string): ScheduleDocument {
  const { name, desc, cron, timezone, action, params, rollout, overlap, catchUp } = row;
  return {
    ...{ kind: 'schedule', name, desc, pool, cron },
    ...(timezone !== '' && { timezone }),
    do: action,
    ...(params && { params }),
    ...(rollout && { rollout }),
    ...(overlap !== '' && { overlap }),
    ...(catchUp !== null && { catchUp }),
  };
}

/** Which of a pool's tasks name a template, and what else OpenDCP's clients have written there. */
function byTemplate(
  tasks: Record<string, Json>,
  templates: Map<number, string>,
): { named: Record<string, string>; others: Record<string, Json> } {
  const named: Record<string, string> = {};
  const others: Record<string, Json> = {};
  for (const [purpose, value] of Object.entries(tasks)) {
    const name = templates.get(templateId(value) ?? 0);
    if (name === undefined) others[purpose] = value;
    else named[purpose] = name;
  }
  return { named, others };
}

/** A template's id as a pool's tasks have it: a number or its text. */
export function templateId(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** One thing as a document. */
export async function documentOf(
  reads: CatalogueReads,
  kind: Document['kind'],
  id: number,
): Promise<Document | undefined> {
  switch (kind) {
    case 'cluster': {
      const row = await reads.clusters.get(id);
      return row && clusterDocument(row);
    }
    case 'service': {
      const row = await reads.services.get(id);
      return row && serviceDocument(row, (await reads.clusters.get(row.clusterId))?.name ?? '');
    }
    case 'action': {
      const row = await reads.actions.get(id);
      return row && actionDocument(row, await reads.implementations.of(id));
    }
    case 'step': {
      const row = await reads.steps.get(id);
      return row && stepDocument(row);
    }
    case 'template': {
      const row = await reads.templates.get(id);
      return row && templateDocument(row);
    }
    case 'pool':
      return await poolDocumentOf(reads, id);
    case 'schedule': {
      const row = await reads.schedules.get(id);
      return row && scheduleDocument(row, (await reads.pools.get(row.poolId))?.name ?? '');
    }
  }
}

async function poolDocumentOf(reads: CatalogueReads, id: number): Promise<Document | undefined> {
  const row = await reads.pools.get(id);
  if (!row) return undefined;
  const names = new Map<number, string>();
  for (const value of Object.values(row.tasks ?? {})) {
    const template = await reads.templates.get(templateId(value) ?? 0);
    if (template) names.set(template.id, template.name);
  }
  const service = await reads.services.get(row.serviceId);
  return poolDocument(row, service?.name ?? '', names, await reads.nodes.added(id));
}
