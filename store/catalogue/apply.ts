import { isDeepStrictEqual } from 'node:util';
import { difference, keyOf } from '../../model/catalogue/difference.ts';
import type { Change, Document, Kind, PoolDocument } from '../../model/catalogue/document.ts';
import { isGroupStep } from '../../model/pool/group-actions.ts';
import type { Json } from '../../model/json.ts';
import type { Node } from '../../model/node.ts';
import { actionOf, implementationOf, paramsOf } from '../../model/opendcp/actions.ts';
import { Invalid } from '../../model/parse/problem.ts';
import { bodyOf } from '../../model/template.ts';
import { nodeName } from '../../model/pool/names.ts';
import { checkDependencies } from './dependencies.ts';
import { currentDocuments, documentOf } from './documents.ts';
import { NoSuchReference, NotFound } from './errors.ts';
import type { Edit, PoolRow, ScheduleRow, Values } from './types.ts';

/**
 * Makes the catalogue as the documents want it, and tells what that changed. Throws Invalid for two documents of one thing
 * and for references that lead nowhere, InUse.
 */
export async function apply(edit: Edit, wanted: readonly Document[], { prune }: { prune: boolean }): Promise<Change[]> {
  refuseTwins(wanted);
  const changes = difference(await currentDocuments(edit), wanted, { prune });
  const places = new Map(wanted.map((document, i) => [keyOf(document), i]));
  const ids = new Ids(edit);
  for (const change of changes) {
    const place = places.get(keyOf(change)) ?? -1;
    const document = wanted[place];
    if (document) await within(`documents[${place}]`, () => put(edit, ids, document, {}));
    else await remove(edit, change.kind, await ids.existing(change.kind, change.name));
  }
  await checkPools(edit, wanted);
  return changes;
}

/** Pools may depend on each other in any order, so they are looked at when all of them are written. */
async function checkPools(edit: Edit, wanted: readonly Document[]): Promise<void> {
  for (const [i, { kind, name }] of wanted.entries()) {
    const row = kind === 'pool' ? await edit.pools.named(name) : undefined;
    if (row) await checkDependencies(edit, row, `documents[${i}].`);
  }
}

/** A reference that leads nowhere is told with the document that has it. */
async function within(path: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof NoSuchReference)) throw error;
    throw new Invalid([{ path: `${path}.${error.field}`, message: error.what, expected: 'one that is there' }]);
  }
}

function refuseTwins(documents: readonly Document[]): void {
  const first = new Map<string, number>();
  const problems = documents.flatMap((document, i) => {
    const before = first.get(keyOf(document));
    if (before === undefined) first.set(keyOf(document), i);
    if (before === undefined) return [];
    const message = `${document.kind} ${document.name} is document ${before} already`;
    return [{ path: `documents[${i}]`, message, expected: 'one document for each' }];
  });
  if (problems.length > 0) throw new Invalid(problems);
}

/**
 * Creates the thing that the document is of, or makes it as the document has it, and gives its id. `version`: as for
 * Writer.update. Throws NoSuchReference, VersionConflict, NameTaken.
 */
export async function writeDocument(
  edit: Edit,
  document: Document,
  options: { version?: number } = {},
): Promise<number> {
  const id = await put(edit, new Ids(edit), document, options);
  const pool = document.kind === 'pool' ? await edit.pools.get(id) : undefined;
  if (pool) await checkDependencies(edit, pool);
  return id;
}

async function put(edit: Edit, ids: Ids, document: Document, options: { version?: number }): Promise<number> {
  const id = await ids.find(document.kind, document.name);
  const written = id === undefined ? await create(edit, ids, document) : await update(edit, ids, id, document, options);
  ids.remember(document, written);
  return written;
}

async function create(edit: Edit, ids: Ids, document: Document): Promise<number> {
  const { name } = document;
  switch (document.kind) {
    case 'cluster':
      return (await edit.clusters.create({ name, ...clusterValues(document) })).id;
    case 'service':
      return (await edit.services.create({ name, ...(await serviceValues(ids, document)) })).id;
    case 'action': {
      const { id } = await edit.actions.create({ name, desc: document.desc ?? '', params: paramsValue(document) });
      await putImplementation(edit, id, document);
      return id;
    }
    case 'step':
      return (await edit.steps.create({ name, ...(await stepValues(ids, document)) })).id;
    case 'template':
      return (await edit.templates.create({ name, ...(await templateValues(ids, document)) })).id;
    case 'pool': {
      const { id } = await edit.pools.create({ name, ...(await poolValues(ids, document)) });
      await putNodes(edit, id, document.nodes);
      await putUnits(edit, id, undefined, document);
      return id;
    }
    case 'schedule':
      return (await edit.schedules.create({ name, ...(await scheduleValues(ids, document)) })).id;
  }
}

async function update(
  edit: Edit,
  ids: Ids,
  id: number,
  document: Document,
  options: { version?: number },
): Promise<number> {
  const { name } = document;
  const before = await documentOf(edit, document.kind, id);
  // Where there is no difference what OpenDCP's clients have written stays as they wrote it.
  const isAsWanted = before && difference([before], [document], { prune: false }).length === 0;
  switch (document.kind) {
    case 'cluster':
      await edit.clusters.update(id, isAsWanted ? {} : { name, ...clusterValues(document) }, options);
      break;
    case 'service':
      await edit.services.update(id, isAsWanted ? {} : { name, ...(await serviceValues(ids, document)) }, options);
      break;
    case 'action':
      await updateAction(edit, id, document, options);
      break;
    case 'step':
      await edit.steps.update(id, isAsWanted ? {} : { name, ...(await stepValues(ids, document)) }, options);
      break;
    case 'template':
      await edit.templates.update(id, isAsWanted ? {} : await templateValues(ids, document), options);
      break;
    case 'pool':
      await edit.pools.update(id, isAsWanted ? {} : { name, ...(await poolValues(ids, document)) }, options);
      await putNodes(edit, id, document.nodes);
      await putUnits(edit, id, before, document);
      break;
    case 'schedule':
      await edit.schedules.update(id, isAsWanted ? {} : { name, ...(await scheduleValues(ids, document)) }, options);
  }
  return id;
}

async function updateAction(
  edit: Edit,
  id: number,
  document: Of<'action'>,
  options: { version?: number },
): Promise<void> {
  const row = await edit.actions.get(id);
  const params = isDeepStrictEqual(paramsOf(row?.params ?? null), document.params ?? {})
    ? {}
    : { params: paramsValue(document) };
  await edit.actions.update(id, { name: document.name, desc: document.desc ?? '', ...params }, options);
  await putImplementation(edit, id, document);
}

async function putImplementation(edit: Edit, actionId: number, document: Of<'action'>): Promise<void> {
  const body = bodyOf(document);
  const known = await edit.implementations.of(actionId);
  const template = body ? implementationOf(body) : (document.implementation as Record<string, Json> | undefined);
  if (!template) {
    if (known) await edit.implementations.removeOf(actionId);
    return;
  }
  if (!known) {
    await edit.implementations.create({ actionId, type: 'ansible', template });
    return;
  }
  const now = actionOf(known.template);
  if (!isDeepStrictEqual('problem' in now ? known.template : now, body ?? template))
    await edit.implementations.update(known.id, { type: 'ansible', template });
}

/** Makes a pool's nodes those, besides the machines of its provider; leaves them when there is nothing said of them. */
async function putNodes(edit: Edit, poolId: number, nodes: readonly Node[] | undefined): Promise<void> {
  if (!nodes) return;
  const present = new Map((await edit.nodes.all(poolId)).map((row) => [row.name, row]));
  const wanted = new Set(nodes.map(({ name }) => name));
  const gone = (await edit.nodes.added(poolId)).filter(({ name }) => !wanted.has(name));
  if (gone.length > 0) await edit.nodes.remove(gone.map(({ id }) => id));
  const added = nodes.filter(({ name }) => !present.has(name));
  if (added.length > 0)
    await edit.nodes.add(
      poolId,
      added.map((node) => ({ node })),
    );
  for (const node of nodes) {
    const row = present.get(node.name);
    if (row && !isDeepStrictEqual(row.node, node)) await edit.nodes.update(row.id, node);
  }
}

/** What a vendor's number was before Drover sets it for the first time: so many nodes without an address. */
async function putUnits(edit: Edit, poolId: number, before: Document | undefined, wanted: PoolDocument): Promise<void> {
  const count = unitsOf(wanted);
  const isNew = before?.kind !== 'pool' || before.provider === undefined;
  if (count === 0 || !isNew || (await edit.nodes.all(poolId)).length > 0) return;
  const names = Array.from({ length: count }, (_, i) => nodeName(wanted.name, i + 1));
  await edit.nodes.add(
    poolId,
    names.map((name) => ({ node: { name, address: '' }, vmId: name })),
  );
}

function unitsOf({ provider }: PoolDocument): number {
  return provider && 'suanli' in provider ? (provider.suanli.points ?? 0) : 0;
}

/** Nodes registered by hand go with their pool; one that is some vendor's machine keeps it, or the machine were forgotten. */
async function remove(edit: Edit, kind: Kind, id: number): Promise<void> {
  switch (kind) {
    case 'cluster':
      await edit.clusters.remove(id);
      break;
    case 'service':
      await edit.services.remove(id);
      break;
    case 'action':
      await edit.actions.remove(id);
      break;
    case 'step':
      await edit.steps.remove(id);
      break;
    case 'template':
      await edit.templates.remove(id);
      break;
    case 'pool': {
      const nodes = await edit.nodes.all(id);
      if (nodes.length > 0 && nodes.every(({ vmId }) => vmId === ''))
        await edit.nodes.remove(nodes.map((node) => node.id));
      await edit.pools.remove(id);
      break;
    }
    case 'schedule':
      await edit.schedules.remove(id);
  }
}

type Of<K extends Kind> = Extract<Document, { kind: K }>;

function clusterValues({ desc = '', biz = '' }: Of<'cluster'>) {
  return { desc, biz };
}

async function serviceValues(ids: Ids, { desc = '', cluster, type = '', image = '' }: Of<'service'>) {
  return { desc, clusterId: await ids.named('cluster', 'cluster', cluster), serviceType: type, dockerImage: image };
}

async function stepValues(ids: Ids, { desc = '', actions }: Of<'step'>) {
  for (const [i, action] of actions.entries()) await ids.named(`actions[${i}]`, 'action', action);
  return { desc, actions };
}

async function templateValues(ids: Ids, { name, description, params, steps, rollout }: Of<'template'>) {
  for (const [i, step] of steps.entries())
    if (!('actions' in step) && !isGroupStep(step.use)) await ids.named(`steps[${i}].use`, 'step', step.use);
  const described = { ...(description && { description }), ...(rollout && { rollout }) };
  return { spec: { name, ...described, params, steps }, opendcp: null };
}

async function poolValues(ids: Ids, document: PoolDocument) {
  const { desc = '', service, templates = {}, ssh, opendcp } = document;
  const tasks: Record<string, Json> = { ...opendcp?.tasks };
  for (const [purpose, template] of Object.entries(templates))
    tasks[purpose] = await ids.named(`templates.${purpose}`, 'template', template);
  return {
    desc,
    serviceId: await ids.named('service', 'service', service),
    vmType: opendcp?.vmType ?? 0,
    sdId: opendcp?.sdId ?? 0,
    tasks: Object.keys(tasks).length > 0 ? tasks : null,
    ssh: ssh ?? null,
    provider: document.provider ?? null,
    limits: document.limits ?? null,
    onFailure: document.onFailure ?? '',
    dependsOn: document.dependsOn && document.dependsOn.length > 0 ? document.dependsOn : null,
    autoscale: document.autoscale ?? null,
  } satisfies Values<PoolRow>;
}

async function scheduleValues(ids: Ids, document: Of<'schedule'>) {
  const { desc = '', pool, cron, timezone, params, rollout, overlap, catchUp } = document;
  return {
    desc,
    poolId: await ids.named('pool', 'pool', pool),
    cron,
    timezone: timezone ?? '',
    action: document.do,
    params: params && Object.keys(params).length > 0 ? params : null,
    rollout: rollout && Object.keys(rollout).length > 0 ? rollout : null,
    overlap: overlap ?? '',
    catchUp: catchUp ?? null,
    opendcp: null,
  } satisfies Values<ScheduleRow>;
}

function paramsValue({ params }: Of<'action'>): Record<string, Json> | null {
  return params ? (JSON.parse(JSON.stringify(params)) as Record<string, Json>) : null;
}

/** Ids by name, each looked up once. */
class Ids {
  readonly #edit: Edit;
  readonly #known = new Map<string, number>();

  constructor(edit: Edit) {
    this.#edit = edit;
  }

  remember(document: { kind: Kind; name: string }, id: number): void {
    this.#known.set(keyOf(document), id);
  }

  async find(kind: Kind, name: string): Promise<number | undefined> {
    const known = this.#known.get(keyOf({ kind, name }));
    if (known !== undefined) return known;
    const row = await this.#reader(kind).named(name);
    if (row) this.remember({ kind, name }, row.id);
    return row?.id;
  }

  /** Throws NotFound. */
  async existing(kind: Kind, name: string): Promise<number> {
    const id = await this.find(kind, name);
    if (id === undefined) throw new NotFound(kind, name);
    return id;
  }

  /** Throws NoSuchReference. */
  async named(field: string, kind: Kind, name: string): Promise<number> {
    const id = await this.find(kind, name);
    if (id === undefined) throw new NoSuchReference(field, kind, name);
    return id;
  }

  #reader(kind: Kind): { named(name: string): Promise<{ id: number } | undefined> } {
    const { clusters, services, actions, steps, templates, pools, schedules } = this.#edit;
    const inFiles = { action: actions, step: steps, template: templates };
    return { cluster: clusters, service: services, ...inFiles, pool: pools, schedule: schedules }[kind];
  }
}
