import type { Call } from './call.ts';
import { replied, type Reply } from './envelope.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

export const scheduleRoutes: Route[] = [
  { path: '/task/saveTask', access: 'operator', answer: save },
  { path: '/task/expandList/:id', access: 'viewer', answer: none },
  { path: '/task/uploadList/:id', access: 'viewer', answer: none },
];

/** `cron_itmes` and `depend_itmes` are written so. */
async function save({ fields, catalogue }: Call): Promise<Reply> {
  fields.int('id');
  const poolId = fields.int('pool_id');
  fields.objects('cron_itmes');
  fields.objects('depend_itmes');
  fields.text('type');
  fields.text('exec_type');
  if (!(await catalogue.pools.get(poolId))) throw new Refusal(404, NO_ROW);
  throw new Refusal(400, 'no schedule is saved: this server keeps none for pools');
}

/** No pool has a schedule. */
function none(): Reply {
  return replied(null);
}
