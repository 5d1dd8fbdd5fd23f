import { growthOf, type Amount, type PoolAction } from '../../model/pool/pool.ts';
import { chooseNodes, isScheduled } from '../../model/pool/choose.ts';
import { nodeName } from '../../model/pool/names.ts';
import { fitProblems, withDependencies } from '../../model/pool/fit.ts';
import { traitsOf } from '../../model/pool/provider.ts';
import { Invalid, type ParsedSubmission, type Problem } from '../../model/parse/index.ts';
import type { Node } from '../../model/node.ts';
import { amountOf } from '../../model/rollout.ts';
import type { TaskKind } from '../../model/task.ts';
import type { Template } from '../../model/template.ts';
import { templateId } from '../catalogue/documents.ts';
import { namedTemplate, resolveTemplate } from '../catalogue/named.ts';
import type { CatalogueReads, PoolNodeRow, PoolRow } from '../catalogue/types.ts';
import type { Unreleased } from '../machines.ts';

/** What a submission over a pool comes to, as the pool is now. */
export interface PoolPlan {
  pool: PoolRow;
  kind: TaskKind;
  template: Template;
  /** Of a template of the catalogue. */
  templateId?: number;
  templateVersion?: number;
  /** In an expansion as they may be called; they are named when the task has its turn. */
  nodes: Node[];
  /** How many of them the pool does not have yet. */
  growth: number;
  /** Nodes in flight at most, whatever the rollout says. */
  most?: number;
}

/** What plans are made from. */
export interface PoolReads extends CatalogueReads {
  unreleased(poolId: number): Promise<Unreleased[]>;
}

type Asked = Pick<ParsedSubmission, 'pool' | 'do' | 'names' | 'template' | 'templateName'>;

/** Throws Invalid with everything that is in the way. */
export async function planPool(reads: PoolReads, asked: Asked): Promise<PoolPlan> {
  const pool = await poolNamed(reads, asked.pool ?? '');
  const present = await reads.nodes.all(pool.id);
  const { kind, nodes, growth } = await chosen(reads, pool, present, asked);
  const found = await templateOf(reads, pool, kind, asked);
  const { template, problems } =
    kind === 'expand' && growth > 0
      ? withDependencies(found.template, pool.name, pool.dependsOn ?? [], (one) => growthOf(one, growth))
      : { template: found.template, problems: [] };
  refuse([...problems, ...fitProblems(kind, template, pool)]);
  const most = mostAtOnce(kind, pool, present.length);
  return { ...found, pool, kind, template, nodes, growth, ...(most !== undefined && { most }) };
}

async function poolNamed(reads: CatalogueReads, name: string): Promise<PoolRow> {
  const pool = await reads.pools.named(name);
  if (pool) return pool;
  throw new Invalid([
    { path: 'pool', message: `there is no pool ${name}`, expected: 'the name of a pool of the catalogue' },
  ]);
}

/* ---- which nodes ---- */

interface Chosen {
  kind: TaskKind;
  nodes: Node[];
  growth: number;
}

async function chosen(reads: PoolReads, pool: PoolRow, present: PoolNodeRow[], asked: Asked): Promise<Chosen> {
  const wanted = asked.do;
  if (!wanted) return over('run', pool, named(pool, present, asked.names, 'nodes'));
  if ('deploy' in wanted) return over('deploy', pool, named(pool, present, wanted.deploy.nodes, 'do.deploy.nodes'));
  if ('release' in wanted) return await toRelease(reads, pool, wanted.release.machines);
  if (!pool.provider) throw noProvider(pool);
  if ('expand' in wanted) return expansion(pool, present.length, missing(wanted.expand, present.length));
  if ('shrink' in wanted) return shrink(pool, present, wanted.shrink);
  return scaled(pool, present, wanted.scale);
}

function scaled(pool: PoolRow, present: PoolNodeRow[], wanted: Extract<PoolAction, { scale: unknown }>['scale']) {
  const counted = wanted.of === 'scheduled' ? present.filter(isScheduled) : present;
  const by = wanted.to - counted.length;
  if (by >= 0) return expansion(pool, present.length, by);
  return leaving(pool, present, chooseNodes(counted, -by, wanted.choose ?? 'newest'));
}

/** How many are still to come. */
function missing({ by, to = 0 }: Amount, present: number): number {
  return by ?? Math.max(0, to - present);
}

function expansion(pool: PoolRow, present: number, growth: number): Chosen {
  const { max } = pool.limits ?? {};
  if (max !== undefined && growth > 0 && present + growth > max)
    throw new Invalid([
      {
        path: 'do.expand',
        message: `pool ${pool.name} would have ${present + growth} nodes`,
        expected: `at most ${max}, its limits.max; it has ${present}`,
      },
    ]);
  const isReached = pool.provider && traitsOf(pool.provider).knows === 'machines';
  const names = Array.from({ length: growth }, (_, i) => nodeName(pool.name, present + i + 1));
  // An address that stands for those to come, so that what is rendered with it can be checked.
  const nodes = names.map((name) => ({ ...pool.ssh, name, address: isReached ? 'address.to.come' : '' }));
  return { kind: 'expand', nodes, growth };
}

function shrink(
  pool: PoolRow,
  present: PoolNodeRow[],
  wanted: Extract<PoolAction, { shrink: unknown }>['shrink'],
): Chosen {
  if (wanted.nodes) return leaving(pool, present, named(pool, present, wanted.nodes, 'do.shrink.nodes'));
  const count = wanted.by ?? Math.max(0, present.length - (wanted.to ?? 0));
  if (count > present.length)
    throw new Invalid([
      {
        path: 'do.shrink.by',
        message: `is ${count}, and pool ${pool.name} has ${present.length} nodes`,
        expected: `at most ${present.length}`,
      },
    ]);
  return leaving(pool, present, chooseNodes(present, count, wanted.choose ?? 'newest'));
}

function leaving(pool: PoolRow, present: readonly PoolNodeRow[], nodes: readonly PoolNodeRow[]): Chosen {
  const left = present.length - nodes.length;
  const { min = 0 } = pool.limits ?? {};
  if (nodes.length > 0 && left < min)
    throw new Invalid([
      {
        path: 'do.shrink',
        message: `pool ${pool.name} would have ${left} nodes`,
        expected: `at least ${min}, its limits.min; it has ${present.length}`,
      },
    ]);
  return { ...over('shrink', pool, nodes), growth: 0 };
}

function over(kind: TaskKind, pool: PoolRow, rows: readonly PoolNodeRow[]): Chosen {
  if (rows.length === 0 && kind !== 'shrink')
    throw new Invalid([{ path: 'pool', message: `pool ${pool.name} has no nodes`, expected: 'one at least' }]);
  return { kind, nodes: rows.map(({ node }) => ({ ...pool.ssh, ...node })), growth: 0 };
}

/** The rows of these names, each once; all without names. */
function named(pool: PoolRow, rows: PoolNodeRow[], names: readonly string[] | undefined, path: string): PoolNodeRow[] {
  if (!names) return rows;
  const byName = new Map(rows.map((row) => [row.name, row]));
  const wanted = [...new Set(names)];
  refuse(
    wanted
      .filter((name) => !byName.has(name))
      .map((name) => ({
        path,
        message: `pool ${pool.name} has no node named ${name}`,
        expected: someOf([...byName.keys()]),
      })),
  );
  return wanted.flatMap((name) => byName.get(name) ?? []);
}

async function toRelease(reads: PoolReads, pool: PoolRow, ids: readonly string[] | undefined): Promise<Chosen> {
  if (!pool.provider) throw noProvider(pool);
  const known = (await reads.unreleased(pool.id)).map(({ providerId }) => providerId);
  const wanted = [...new Set(ids ?? known)];
  refuse(
    wanted
      .filter((id) => !known.includes(id))
      .map((id) => ({
        path: 'do.release.machines',
        message: `pool ${pool.name} has no machine ${id} that is to be given back`,
        expected: someOf(known),
      })),
  );
  return { kind: 'release', nodes: wanted.map((id) => ({ name: id, address: '' })), growth: 0 };
}

function someOf(names: readonly string[]): string {
  return names.length === 0
    ? 'none: there are none'
    : `one of ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
}

function noProvider({ name }: PoolRow): Invalid {
  return new Invalid([
    {
      path: 'pool',
      message: `pool ${name} has no provider that machines could be made by or returned to`,
      expected: 'a pool with one',
    },
  ]);
}

/** `minAvailable` says how many nodes no rollout takes. */
export function mostAtOnce(kind: TaskKind, { name, limits }: PoolRow, present: number): number | undefined {
  if (limits?.minAvailable === undefined || (kind !== 'deploy' && kind !== 'run')) return undefined;
  const most = present - Math.ceil(amountOf(limits.minAvailable, present));
  if (most >= 1) return most;
  throw new Invalid([
    {
      path: 'pool',
      message: `pool ${name} has ${present} nodes, of which limits.minAvailable (${limits.minAvailable}) leaves none to take at once`,
      expected: 'more nodes, or a lower minAvailable',
    },
  ]);
}

/* ---- which template ---- */

type FoundTemplate = Pick<PoolPlan, 'template' | 'templateId' | 'templateVersion'>;

async function templateOf(reads: CatalogueReads, pool: PoolRow, kind: TaskKind, asked: Asked): Promise<FoundTemplate> {
  if (asked.template) return { template: await resolveTemplate(reads, asked.template) };
  if (kind === 'release') return { template: RETURN };
  const row =
    asked.templateName === undefined ? await ofPool(reads, pool, kind) : await namedTemplate(reads, asked.templateName);
  return {
    template: await resolveTemplate(reads, row.spec),
    templateId: row.id,
    templateVersion: row.version,
  };
}

/** The template that the pool names for the purpose. */
async function ofPool(reads: CatalogueReads, pool: PoolRow, kind: TaskKind) {
  const id = templateId(pool.tasks?.[kind]);
  const row = id === undefined ? undefined : await reads.templates.get(id);
  if (row) return row;
  throw new Invalid([
    {
      path: 'pool',
      message: `pool ${pool.name} names no template to ${kind} by`,
      expected: `templates.${kind}: the name of one, in the pool`,
    },
  ]);
}

const RETURN: Template = {
  name: 'give machines back',
  params: {},
  steps: [
    {
      name: 'return_vm',
      actions: [{ return_vm: {} }],
      timeout: 3_600_000,
      retry: { times: 0, delay: 0 },
      onError: 'fail',
    },
  ],
};

function refuse(problems: Problem[]): void {
  if (problems.length > 0) throw new Invalid(problems);
}
