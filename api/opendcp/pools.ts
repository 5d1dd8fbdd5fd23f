import type { Json } from '../../model/json.ts';
import type { User } from '../../store/catalogue/errors.ts';
import type { Edit, PoolFlags, PoolRow, Values } from '../../store/catalogue/types.ts';
import { afterChange } from '../after-change.ts';
import type { Call } from './call.ts';
import { DONE, paged, replied, sorted, UPDATED, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { checkName } from './names.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

export const poolRoutes: Route[] = [
  { path: '/pool/list', access: 'viewer', answer: list },
  { path: '/pool/create', access: 'operator', answer: create },
  { path: '/pool/:id', access: 'viewer', answer: show },
  { path: '/pool/update/:id', access: 'operator', answer: update },
  { path: '/pool/delete/:id', access: 'operator', answer: remove },
];

/** Characters of `tasks` as JSON that OpenDCP keeps. */
const LONGEST_TASKS = 255;

async function list(call: Call): Promise<Reply> {
  const serviceId = call.filter('service_id');
  const query = { ...call.namedPage, ...(serviceId !== undefined && { filter: { serviceId } }) };
  const { items, total } = await call.catalogue.pools.page(query);
  return paged(call.page, { items: await showPools(call, items), total }, (pool) => pool);
}

async function create(call: Call): Promise<Reply> {
  const { name, serviceId, values } = readPool(call);
  checkName(name);
  const { id } = await call.change((edit) => edit.pools.create({ name, serviceId, ...values }));
  return replied(id);
}

async function show(call: Call): Promise<Reply> {
  const pool = await call.catalogue.pools.get(call.id);
  if (!pool) throw new Refusal(404, NO_ROW);
  const [shown = {}] = await showPools(call, [pool]);
  return replied(shown);
}

/** Name and service stay as they were. */
async function update(call: Call): Promise<Reply> {
  const { id } = call;
  const { values } = readPool(call);
  await call.change((edit) => edit.pools.update(id, values));
  return UPDATED;
}

async function remove(call: Call): Promise<Reply> {
  const { id } = call;
  await call
    .change((edit) => removePool(edit, id))
    .catch(
      inWords({
        notFound: new Refusal(400, 'data not found'),
        inUse: (users) => new Refusal(400, whatKeeps(users)),
      }),
    );
  await afterChange(call.parts);
  return DONE;
}

/** What `/task/saveTask` has made for it goes with it: these clients have no other way. */
async function removePool(edit: Edit, id: number): Promise<void> {
  for (const schedule of await edit.schedules.all({ poolId: id }))
    if (schedule.opendcp) await edit.schedules.remove(schedule.id);
  await edit.pools.remove(id);
}

function whatKeeps(users: readonly User[]): string {
  if (users.some(({ kind }) => kind === 'node')) return 'node exists in this pool';
  return `used by ${users.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`;
}

function readPool({ fields }: Call): { name: string; serviceId: number; values: Values<PoolRow> } {
  const name = fields.text('name');
  const serviceId = fields.int('service_id');
  const values = {
    desc: fields.text('desc'),
    vmType: rowInt('vm_type', fields.int('vm_type')),
    sdId: rowInt('sd_id', fields.int('sd_id')),
    tasks: fields.map('tasks'),
  };
  if (values.tasks && Array.from(JSON.stringify(values.tasks)).length > LONGEST_TASKS)
    throw new Refusal(400, `tasks is too long: at most ${LONGEST_TASKS} characters of JSON`);
  return { name, serviceId, values };
}

/** The database's column has 32 bits, OpenDCP's as well as ours. */
function rowInt(field: string, value: number): number {
  if (Math.abs(value) < 2 ** 31) return value;
  throw new Refusal(400, `${field} is ${value}, expected a number of 32 bits`);
}

export async function showPools(call: Call, pools: readonly PoolRow[]): Promise<Json[]> {
  const ids = pools.map(({ id }) => id);
  const [counts, flags] = await Promise.all([call.catalogue.nodes.counts(ids), call.catalogue.execTasks.flags(ids)]);
  return pools.map((pool) => showPool(pool, counts.get(pool.id) ?? 0, flags.get(pool.id)));
}

function showPool(pool: PoolRow, nodes: number, flags: PoolFlags | undefined): Json {
  const { id, name, desc, vmType, sdId, tasks, serviceId } = pool;
  return {
    ...{ id, name, desc, vm_type: vmType, sd_id: sdId, tasks: sorted(tasks), service_id: serviceId },
    ...{ node_count: nodes, is_bedepen: flags?.isNeeded ? 1 : 0, is_hascron: flags?.hasCron ? 1 : 0 },
  };
}
