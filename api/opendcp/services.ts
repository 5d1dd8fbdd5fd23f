import type { Json } from '../../model/json.ts';
import type { ServiceRow, Values } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import { DONE, paged, replied, UPDATED, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { checkName } from './names.ts';
import { showPools } from './pools.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

export const serviceRoutes: Route[] = [
  { path: '/service/create', access: 'operator', answer: create },
  { path: '/service', access: 'viewer', answer: show },
  { path: '/service/:id', access: 'viewer', answer: show, takesAnyId: true },
  { path: '/service/update/:id', access: 'operator', answer: update, takesAnyId: true },
  { path: '/service/delete/:id', access: 'operator', answer: remove, takesAnyId: true },
  { path: '/service/:id/list_pools', access: 'viewer', answer: listPools, takesAnyId: true },
];

async function create(call: Call): Promise<Reply> {
  const { name, values } = readService(call);
  checkName(name);
  const { id } = await call.change((edit) => edit.services.create({ name, ...values }));
  return replied(id);
}

async function show(call: Call): Promise<Reply> {
  const service = await call.catalogue.services.get(call.checkedId);
  if (!service) throw new Refusal(404, NO_ROW);
  return replied(showService(service));
}

/** The name is asked for, and stays as it was. */
async function update(call: Call): Promise<Reply> {
  const id = call.checkedId;
  const { values } = readService(call);
  await call.change((edit) => edit.services.update(id, values));
  return UPDATED;
}

async function remove(call: Call): Promise<Reply> {
  const id = call.checkedId;
  await call
    .change((edit) => edit.services.remove(id))
    .catch(inWords({ inUse: () => new Refusal(400, 'sub pool exists') }));
  return DONE;
}

async function listPools(call: Call): Promise<Reply> {
  const filter = { serviceId: call.looseId };
  const { items, total } = await call.catalogue.pools.page({ ...call.namedPage, filter, order: 'oldest' });
  return paged(call.page, { items: await showPools(call, items), total }, (pool) => pool);
}

function readService({ fields }: Call): { name: string; values: Values<ServiceRow> } {
  const name = fields.text('name');
  const values = {
    desc: fields.text('desc'),
    serviceType: fields.text('service_type'),
    dockerImage: fields.text('docker_image'),
    clusterId: fields.int('cluster_id'),
  };
  if (name === '' || values.dockerImage === '' || values.clusterId < 1) throw new Refusal(400, 'param is error!');
  return { name, values };
}

export function showService({ id, name, desc, serviceType, dockerImage, clusterId }: ServiceRow): Json {
  return { id, name, desc, service_type: serviceType, docker_image: dockerImage, cluster_id: clusterId };
}
