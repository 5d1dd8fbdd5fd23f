import type { Json } from '../../model/json.ts';
import type { ClusterRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import { DONE, paged, replied, UPDATED, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { checkName } from './names.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import { showService } from './services.ts';
import type { Route } from './table.ts';

export const clusterRoutes: Route[] = [
  { path: '/cluster/list', access: 'viewer', answer: list },
  { path: '/cluster/create', access: 'operator', answer: create },
  { path: '/cluster', access: 'viewer', answer: show },
  { path: '/cluster/:id', access: 'viewer', answer: show, takesAnyId: true },
  { path: '/cluster/update/:id', access: 'operator', answer: update, takesAnyId: true },
  { path: '/cluster/delete/:id', access: 'operator', answer: remove, takesAnyId: true },
  { path: '/cluster/:id/list_services', access: 'viewer', answer: listServices, takesAnyId: true },
];

async function list(call: Call): Promise<Reply> {
  return paged(call.page, await call.catalogue.clusters.page(call.namedPage), showCluster);
}

async function create(call: Call): Promise<Reply> {
  const { name, desc, biz } = readCluster(call);
  checkName(name);
  const { id } = await call.change((edit) => edit.clusters.create({ name, desc, biz }));
  return replied(id);
}

async function show(call: Call): Promise<Reply> {
  const cluster = await call.catalogue.clusters.get(call.checkedId);
  if (!cluster) throw new Refusal(404, NO_ROW);
  return replied(showCluster(cluster));
}

/** The name is asked for, and stays as it was. */
async function update(call: Call): Promise<Reply> {
  const id = call.checkedId;
  const { desc, biz } = readCluster(call);
  await call
    .change((edit) => edit.clusters.update(id, { desc, biz }))
    .catch(inWords({ notFound: new Refusal(400, 'old data not found !') }));
  return UPDATED;
}

async function remove(call: Call): Promise<Reply> {
  const id = call.checkedId;
  await call
    .change((edit) => edit.clusters.remove(id))
    .catch(
      inWords({
        notFound: new Refusal(400, NO_ROW),
        inUse: () => new Refusal(400, 'service exists in this cluster'),
      }),
    );
  return DONE;
}

async function listServices(call: Call): Promise<Reply> {
  const filter = { clusterId: call.looseId };
  const found = await call.catalogue.services.page({ ...call.namedPage, filter, order: 'oldest' });
  return paged(call.page, found, showService);
}

function readCluster({ fields }: Call): { name: string; desc: string; biz: string } {
  const cluster = { name: fields.text('name'), desc: fields.text('desc'), biz: fields.text('biz') };
  if (cluster.name === '') throw new Refusal(400, 'param is error!');
  return cluster;
}

function showCluster({ id, name, desc, biz }: ClusterRow): Json {
  return { id, name, desc, biz };
}
