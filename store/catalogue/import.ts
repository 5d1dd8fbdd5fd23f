import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../../model/catalogue/document.ts';
import { isGroupStep } from '../../model/pool/group-actions.ts';
import type { Json } from '../../model/json.ts';
import type { Node } from '../../model/node.ts';
import { actionOf } from '../../model/opendcp/actions.ts';
import type { OpendcpCatalogue } from '../../model/opendcp/catalogue.ts';
import { specOfSteps } from '../../model/opendcp/steps.ts';
import { templateId } from './documents.ts';
import { NoSuchReference } from './errors.ts';
import type { Edit, Values, Writer } from './types.ts';

type ImportedThing = Exclude<Kind, 'schedule'>;
export type ImportedKind = ImportedThing | 'node' | 'implementation';

/** What an import did. */
export interface ImportReport {
  created: Record<ImportedKind, number>;
  updated: Record<ImportedKind, number>;
  unchanged: Record<ImportedKind, number>;
  /** Ids that were taken here by something else. */
  renumbered: { kind: ImportedThing; name: string; from: number; to: number }[];
  /** What runs otherwise than in OpenDCP, or not at all, and where. */
  warnings: string[];
}

/**
 * Takes over an orion's catalogue: what is there by name becomes as it is there, the rest is created, with its id where
 * that is free, so that scripts that know ids go on working. Done twice, the second time changes nothing. Throws
 * NoSuchReference for a service of an unknown cluster and the like.
 */
export async function importOpendcp(edit: Edit, from: OpendcpCatalogue): Promise<ImportReport> {
  const taken = new Import(edit);
  const clusters = await taken.all('cluster', edit.clusters, from.clusters, ({ desc, biz }) => ({ desc, biz }));
  const services = await taken.all('service', edit.services, from.services, (row) => ({
    desc: row.desc,
    serviceType: row.service_type,
    dockerImage: row.docker_image,
    clusterId: mapped(clusters, row.cluster_id, `services.${row.name}.cluster_id`, 'cluster'),
  }));
  const actions = await taken.all('action', edit.actions, from.actions, ({ desc, params }) => ({ desc, params }));
  await taken.implementations(from.actimpls, actions);
  await taken.all('step', edit.steps, from.remote_steps, ({ desc, actions: names }) => ({ desc, actions: names }));
  const templates = await taken.all('template', edit.templates, from.templates, ({ name, desc, steps }) => ({
    spec: specOfSteps(name, desc, steps),
    opendcp: steps,
  }));
  const pools = await taken.all('pool', edit.pools, from.pools, (row) => ({
    desc: row.desc,
    vmType: row.vm_type,
    sdId: row.sd_id,
    serviceId: mapped(services, row.service_id, `pools.${row.name}.service_id`, 'service'),
    tasks: row.tasks && remapped(row.tasks, templates),
  }));
  for (const [poolId, nodes] of Object.entries(from.nodes_by_pool))
    await taken.nodes(mapped(pools, Number(poolId), 'nodes_by_pool', 'pool'), nodes);
  taken.report.warnings.push(...warningsOf(from));
  return taken.report;
}

const NONE: Record<ImportedKind, number> = {
  cluster: 0,
  service: 0,
  action: 0,
  implementation: 0,
  step: 0,
  template: 0,
  pool: 0,
  node: 0,
};

class Import {
  readonly report: ImportReport = {
    created: { ...NONE },
    updated: { ...NONE },
    unchanged: { ...NONE },
    renumbered: [],
    warnings: [],
  };
  readonly #edit: Edit;

  constructor(edit: Edit) {
    this.#edit = edit;
  }

  /** Everything of a kind, by ids there to ids here. */
  async all<Of extends { id: number; name: string; version: number }, Row extends { id: number; name: string }>(
    kind: ImportedThing,
    writer: Pick<Writer<Of>, 'named' | 'create' | 'update'>,
    rows: readonly Row[],
    values: (row: Row) => Values<Of>,
  ): Promise<Map<number, number>> {
    const ids = new Map<number, number>();
    // Oldest first, so that new numbers ascend as theirs did.
    for (const row of rows.toSorted((a, b) => a.id - b.id)) {
      const known = await writer.named(row.name);
      const made = known
        ? await writer.update(known.id, values(row))
        : await writer.create({ ...values(row), name: row.name }, { id: row.id });
      this.#count(kind, known, made);
      ids.set(row.id, made.id);
      if (!known && made.id !== row.id)
        this.report.renumbered.push({ kind, name: row.name, from: row.id, to: made.id });
    }
    return ids;
  }

  async implementations(rows: OpendcpCatalogue['actimpls'], actions: Map<number, number>): Promise<void> {
    for (const { id, type, template, ...row } of rows.toSorted((a, b) => a.id - b.id)) {
      const actionId = actions.get(row.action_id);
      if (actionId === undefined) {
        this.report.warnings.push(`implementation ${id} is of action ${row.action_id}, which is not there: left out`);
        continue;
      }
      const known = await this.#edit.implementations.of(actionId, type);
      if (!known) {
        await this.#edit.implementations.create({ actionId, type, template }, { id });
        this.report.created.implementation += 1;
      } else if (isDeepStrictEqual(known.template, template)) {
        this.report.unchanged.implementation += 1;
      } else {
        await this.#edit.implementations.update(known.id, { type, template });
        this.report.updated.implementation += 1;
      }
    }
  }

  /** Nodes that the pool does not have yet; those that it has stay as they are. */
  async nodes(poolId: number, rows: OpendcpCatalogue['nodes_by_pool'][string]): Promise<void> {
    const present = new Set((await this.#edit.nodes.all(poolId)).map(({ name }) => name));
    const fresh = rows.filter(({ ip }) => !present.has(ip));
    this.report.unchanged.node += rows.length - fresh.length;
    this.report.created.node += fresh.length;
    const nodes = fresh.map(({ ip, vm_id, status, node_type }) => ({
      ...{ node: nodeAt(ip), vmId: vm_id, nodeType: node_type },
      status: status === 2 || status === 3 ? status : 0,
    }));
    if (nodes.length > 0) await this.#edit.nodes.add(poolId, nodes);
  }

  #count(kind: ImportedThing, before: { version: number } | undefined, after: { version: number }): void {
    const what = !before ? 'created' : before.version === after.version ? 'unchanged' : 'updated';
    this.report[what][kind] += 1;
  }
}

/** A node of OpenDCP, which is known by its address alone. */
function nodeAt(ip: string): Node {
  return { name: ip, address: ip };
}

function mapped(ids: Map<number, number>, id: number, field: string, kind: string): number {
  const here = ids.get(id);
  if (here === undefined) throw new NoSuchReference(field, kind, id);
  return here;
}

/** A pool's tasks with the templates' ids here; what is none stays. */
function remapped(tasks: Record<string, Json>, templates: Map<number, number>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(tasks).map(([purpose, value]) => {
      const here = templates.get(templateId(value) ?? 0);
      if (here === undefined || here === templateId(value)) return [purpose, value];
      return [purpose, typeof value === 'string' ? String(here) : here];
    }),
  );
}

/* ---- what will not be as it was ---- */

function warningsOf(from: OpendcpCatalogue): string[] {
  return [...implementationWarnings(from), ...stepWarnings(from), ...templateWarnings(from)];
}

function implementationWarnings({ actions, actimpls }: OpendcpCatalogue): string[] {
  return actions.flatMap(({ id, name }) => {
    const own = actimpls.find((one) => one.action_id === id && one.type === 'ansible');
    if (!own) return [`action ${name} has no implementation of type ansible: steps that name it cannot be run`];
    const body = actionOf(own.template);
    return 'problem' in body ? [`action ${name} cannot be run: ${body.problem}`] : [];
  });
}

function stepWarnings({ remote_steps, actions }: OpendcpCatalogue): string[] {
  const known = new Set(actions.map(({ name }) => name.toLowerCase()));
  return remote_steps.flatMap((step) => [
    ...(isGroupStep(step.name)
      ? [`remote step ${step.name} has the name of a step of Drover itself, which is run in its place`]
      : []),
    ...(step.actions ?? [])
      .filter((name) => !known.has(name.toLowerCase()))
      .map((name) => `remote step ${step.name} names the action ${name}, which is not there`),
  ]);
}

function templateWarnings({ templates, remote_steps }: OpendcpCatalogue): string[] {
  const known = new Set(remote_steps.map(({ name }) => name.toLowerCase()));
  return templates.flatMap((template) =>
    (template.steps ?? []).flatMap(({ name, param_values }) => [
      ...(known.has(name.toLowerCase()) || isGroupStep(name)
        ? []
        : [`template ${template.name} names the step ${name}, which is not there`]),
      ...Object.entries(param_values ?? {}).flatMap(([param, value]) => {
        const where = `template ${template.name}, step ${name}, ${param}`;
        const what = typeof value === 'string' ? whatQuotingChanges(value) : undefined;
        return what === undefined ? [] : [`${where}: ${JSON.stringify(value)} ${what}`];
      }),
    ]),
  );
}

/** OpenDCP puts values into commands as they are; here each is one word of the shell. */
function whatQuotingChanges(value: string): string | undefined {
  if (value !== value.trim()) return 'begins or ends in a blank, which is a part of the value now: take it away';
  if (/\s/.test(value))
    return 'was several words of the command and is one now: declare the parameter raw if it is to be several';
  if (/[$`;&|<>*?~"'\\(){}[\]!#]/.test(value))
    return 'has characters that the shell read and that are plain text now: declare the parameter raw if it is to read them';
  return undefined;
}
