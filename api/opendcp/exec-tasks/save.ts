import type { Dependency } from '../../../model/pool/pool.ts';
import { slug } from '../../../model/task-name.ts';
import { checkDependencies } from '../../../store/catalogue/dependencies.ts';
import { templateId } from '../../../store/catalogue/documents.ts';
import type { CronItem, DependItem, Edit, ExecTaskRow, PoolRow } from '../../../store/catalogue/types.ts';
import { NO_ROW, Refusal } from '../refusal.ts';
import { stepsOfTemplate } from '../templates.ts';
import type { Sent } from './read.ts';

/** Keeps what was sent, and makes it so: cron items are schedules, and depend items what the pool depends on. */
export async function save(edit: Edit, sent: Sent): Promise<void> {
  const pool = await edit.pools.get(sent.poolId);
  if (!pool) throw new Refusal(404, NO_ROW);
  const needed = await neededPools(edit, sent);
  const before = await present(edit, sent);
  const after = before ? await edit.execTasks.update(before.id, sent) : await edit.execTasks.create(sent);
  await putSchedules(edit, pool, before, after);
  await putDependencies(edit, pool, needed, before, after);
}

/** Pools by id that depend items are of. */
async function neededPools(edit: Edit, { dependItems }: Sent): Promise<Map<number, PoolRow>> {
  const pools = new Map<number, PoolRow>();
  for (const { poolId } of dependItems) {
    const pool = await edit.pools.get(poolId);
    if (!pool) throw new Refusal(404, NO_ROW);
    if (pools.has(poolId)) throw new Refusal(400, `Depend pool ${pool.name} is duplicate!`);
    pools.set(poolId, pool);
  }
  return pools;
}

async function present(edit: Edit, { id, poolId, type }: Sent): Promise<ExecTaskRow | undefined> {
  const before = id === 0 ? undefined : await edit.execTasks.get(id);
  if (id !== 0 && !before) throw new Refusal(404, NO_ROW);
  if (before && before.poolId !== poolId)
    throw new Refusal(400, `the current exec_task: ${before.id}, pool id: ${before.poolId} is wrong`);
  const twin = (await edit.execTasks.of([poolId])).find((one) => one.type === type && one.id !== id);
  if (twin) throw new Refusal(400, `the pool has an exec_task of type ${type} already: id ${twin.id}`);
  return before;
}

/** Whether the cron items come, as in orion: those that were only kept there come to nothing here, too. */
export function comes({ type, execType }: Pick<ExecTaskRow, 'type' | 'execType'>): boolean {
  return type === 'expand' && execType === 'crontab';
}

/** Those of the items before go, but for those that somebody has edited since. */
async function putSchedules(edit: Edit, pool: PoolRow, before: ExecTaskRow | undefined, after: ExecTaskRow) {
  const items = new Set(before?.cronItems.map(({ id }) => id));
  for (const { id, opendcp } of await edit.schedules.all({ poolId: pool.id }))
    if (opendcp && items.has(opendcp.item)) await edit.schedules.remove(id);
  if (!comes(after)) return;
  for (const item of after.cronItems.filter(({ ignore }) => !ignore))
    await edit.schedules.create(await schedule(edit, pool, item));
}

async function schedule(edit: Edit, pool: PoolRow, item: CronItem) {
  const { instanceNum, concurrRatio, concurrNum, weekDay, time, id } = item;
  const [hour, minute] = time.split(':').map(Number);
  const batch = [...(concurrRatio > 0 ? [`${concurrRatio}%` as const] : []), ...(concurrNum > 0 ? [concurrNum] : [])];
  return {
    name: await freeName(edit, `${slug(pool.name).slice(0, 60)}-crontab-${time.slice(0, 5).replace(':', '')}`),
    poolId: pool.id,
    // 1 is Sunday.
    cron: `${minute} ${hour} * * ${weekDay === 0 ? '*' : weekDay - 1}`,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    action: { scale: { to: instanceNum, of: 'scheduled' as const } },
    rollout: batch.length > 0 ? { batch } : null,
    opendcp: { item: id },
  };
}

/** The same on each save, so that a schedule that is paused in Temporal stays so. */
async function freeName(edit: Edit, wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    if (!(await edit.schedules.named(name))) return name;
  }
}

/** What the pool depends on otherwise stays. */
async function putDependencies(
  edit: Edit,
  pool: PoolRow,
  needed: Map<number, PoolRow>,
  before: ExecTaskRow | undefined,
  after: ExecTaskRow,
): Promise<void> {
  const nameOf = async (id: number) => (needed.get(id) ?? (await edit.pools.get(id)))?.name.toLowerCase();
  const items = [...(before?.type === 'expand' ? before.dependItems : []), ...after.dependItems];
  const own = new Set(await Promise.all(items.map(({ poolId }) => nameOf(poolId))));
  const others = (pool.dependsOn ?? []).filter((one) => !own.has(one.pool.toLowerCase()));
  const acting = after.type === 'expand' ? after.dependItems.filter(({ ignore }) => !ignore) : [];
  const steps = acting.length > 0 ? await expandSteps(edit, pool) : [];
  const wanted = acting.map((item) => dependency(item, needed.get(item.poolId), steps));
  const dependsOn = [...others, ...wanted];
  await edit.pools.update(pool.id, { dependsOn: dependsOn.length > 0 ? dependsOn : null });
  const row = await edit.pools.get(pool.id);
  if (row) await checkDependencies(edit, row);
}

/** Without a step's name it is before the last, as in orion. */
function dependency(item: DependItem, needed: PoolRow | undefined, steps: readonly string[]): Dependency {
  const { ratio, elasticCount, stepName } = item;
  const before = stepName === '' ? steps.at(-1) : stepName;
  if (before === undefined || !needed)
    throw new Refusal(400, 'step_name is empty, and the pool has no expand template whose last step it could be');
  if (steps.length > 0 && !steps.includes(before))
    throw new Refusal(400, `step_name ${before} is not in the expand template: ${steps.join(',')}`);
  return { pool: needed.name, ratio, extra: elasticCount, before };
}

/** Names of the steps of the pool's expand template; none when it has no template. */
async function expandSteps(edit: Edit, { tasks }: PoolRow): Promise<string[]> {
  const template = await edit.templates.get(templateId(tasks?.['expand']) ?? 0);
  return template ? (stepsOfTemplate(template) ?? []).map(({ name }) => name) : [];
}
