import type { Json } from '../../../model/json.ts';
import type { CatalogueReads, CronItem, DependItem, ExecTaskRow, PoolRow } from '../../../store/catalogue/types.ts';
import { sorted } from '../envelope.ts';
import { comes } from './save.ts';

/** A task as it is now: items whose schedule or dependency was removed or edited since are not of it any more. */
export async function showExecTask(reads: CatalogueReads, task: ExecTaskRow, pool: PoolRow): Promise<Json> {
  const { id, type, execType } = task;
  const [cronItems, dependItems] = await Promise.all([cronItemsOf(reads, task), dependItemsOf(reads, task, pool)]);
  return {
    ...{ id, pool: showPool(pool), cron_items: cronItems.map(showCronItem), depend_items: dependItems },
    ...{ type, exec_type: execType },
  };
}

async function cronItemsOf({ schedules }: CatalogueReads, task: ExecTaskRow): Promise<CronItem[]> {
  if (!comes(task)) return task.cronItems;
  const rows = await schedules.all({ poolId: task.poolId });
  const there = new Set(rows.map(({ opendcp }) => opendcp?.item));
  return task.cronItems.filter(({ id, ignore }) => ignore || there.has(id));
}

async function dependItemsOf({ pools }: CatalogueReads, task: ExecTaskRow, { dependsOn }: PoolRow): Promise<Json[]> {
  const needed = await Promise.all(task.dependItems.map(({ poolId }) => pools.get(poolId)));
  return task.dependItems.flatMap((item, i): Json[] => {
    const pool = needed[i];
    const isThere = (dependsOn ?? []).some((one) => isSame(one, item, pool));
    return pool && (isThere || item.ignore || task.type !== 'expand') ? [showDependItem(item, pool)] : [];
  });
}

type Depends = NonNullable<PoolRow['dependsOn']>[number];

function isSame({ pool: name, ratio, extra }: Depends, item: DependItem, pool: PoolRow | undefined): boolean {
  return name.toLowerCase() === pool?.name.toLowerCase() && ratio === item.ratio && extra === item.elasticCount;
}

function showCronItem({ id, instanceNum, concurrRatio, concurrNum, weekDay, time, ignore }: CronItem): Json {
  return {
    ...{ id, instance_num: instanceNum, concurr_ratio: concurrRatio, concurr_num: concurrNum },
    ...{ week_day: weekDay, time, ignore },
  };
}

function showDependItem({ id, ratio, elasticCount, stepName, ignore }: DependItem, pool: PoolRow): Json {
  return { id, pool: showPool(pool), ratio, elastic_count: elasticCount, step_name: stepName, ignore };
}

/** `tasks` is the text of what it is elsewhere. */
function showPool({ id, name, desc, vmType, sdId, tasks }: PoolRow): Json {
  return { id, name, desc, vm_type: vmType, sd_id: sdId, tasks: JSON.stringify(sorted(tasks)) };
}
