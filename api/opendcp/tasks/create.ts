import type { Invalid } from '../../../model/parse/problem.ts';
import type { PoolNodeRow, PoolRow } from '../../../store/catalogue/types.ts';
import type { Call } from '../call.ts';
import type { Reply } from '../envelope.ts';
import { inWords } from '../errors.ts';
import { checkName } from '../names.ts';
import { Refusal } from '../refusal.ts';
import { stepsOfTemplate } from '../templates.ts';
import { grouped } from './grouped.ts';
import { check, startAll } from './start.ts';

/** Runs a template on nodes named by their addresses: a task for each of their pools, all of them or none. */
export async function createTask(call: Call): Promise<Reply> {
  const { templateId, title, ratio, most, ips } = readTask(call);
  if (ratio < 1 || ratio > 100) throw new Refusal(400, 'ratio error');
  checkName(title, 'task_name');
  const nodes = await nodesAt(call, ips);
  const template = await call.catalogue.templates.get(templateId);
  if (!template) throw new Refusal(400, `run task fails: Template not found ${templateId}`);
  const groups = await byPool(call, nodes);
  if (groups.length === 0) throw new Refusal(400, 'run task fails: nodes is empty');
  const steps = stepsOfTemplate(template) ?? [];
  const tasks = groups.map(({ pool, names }) =>
    check(call, {
      ...{ title, template, steps, pool, over: { nodes: names } },
      batch: [`${ratio}%`, Math.max(1, most)],
      stepLen: Math.max(0, Math.min(Math.floor((names.length * ratio) / 100), most)),
    }),
  );
  return await startAll(call, await Promise.all(tasks).catch(cannotRun()));
}

/** For `catch`: why a task cannot run, before anything of it has. */
export function cannotRun(): (error: unknown) => never {
  return inWords({ invalid: ({ message }: Invalid) => new Refusal(400, `run task fails: ${message}`) });
}

function readTask({ fields }: Call) {
  const params = fields.map('params') ?? {};
  const wrong = Object.keys(params).find((key) => typeof params[key] !== 'string' && params[key] !== null);
  if (wrong !== undefined) throw new Refusal(400, `json: params.${wrong} is no string`);
  const nodes = fields.objects('nodes') ?? [];
  return {
    templateId: fields.int('template_id'),
    title: fields.text('task_name'),
    ratio: fields.int('max_ratio'),
    most: fields.int('max_num'),
    ips: nodes.map((node) => node.text('ip')).filter((ip) => ip !== ''),
  };
}

/** The nodes of these addresses, of whatever pools; of several pools that know one, the oldest node. */
export async function nodesAt(call: Call, ips: readonly string[]): Promise<PoolNodeRow[]> {
  const repeated = repeatedIn(ips);
  if (repeated.length > 0) throw new Refusal(400, `node :[${list(repeated)}] given twice...`);
  const rows = ips.length === 0 ? [] : await call.catalogue.nodes.at(ips);
  const byAddress = grouped(rows, ({ address }) => address);
  const unknown = ips.filter((ip) => !byAddress.has(ip));
  if (unknown.length > 0) throw new Refusal(400, `node :[${list(unknown)}] not found...`);
  return ips.flatMap((ip) => theNodeOf(byAddress.get(ip) ?? []));
}

function repeatedIn(ips: readonly string[]): string[] {
  const seen = new Set<string>();
  return ips.filter((ip) => seen.size === seen.add(ip).size);
}

/** Of the nodes at one address. Two of one pool, by different ports, nobody can tell apart by it. */
function theNodeOf(rows: readonly PoolNodeRow[]): PoolNodeRow[] {
  const [oldest, ...others] = rows;
  if (!oldest) return [];
  if (others.some(({ poolId }) => poolId === oldest.poolId))
    throw new Refusal(
      400,
      `node :[${oldest.address},] is several nodes of its pool: start the task by their names, through /api/v1/tasks`,
    );
  return [oldest];
}

function list(ips: readonly string[]): string {
  return ips.map((ip) => `${ip},`).join('');
}

/** In the order in which the pools are met. */
async function byPool(call: Call, nodes: readonly PoolNodeRow[]): Promise<{ pool: PoolRow; names: string[] }[]> {
  const groups = grouped(nodes, ({ poolId }) => poolId);
  return await Promise.all(
    [...groups].map(async ([poolId, members]) => {
      const names = members.map(({ name }) => name);
      const pool = await call.catalogue.pools.get(poolId);
      if (!pool) throw new Refusal(400, `the pool of ${names.join(', ')} was removed meanwhile`);
      return { pool, names };
    }),
  );
}
