import type { Json } from '../../model/json.ts';
import type { ActionRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import { paged, replied, sorted, UPDATED, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { checkName } from './names.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

export const actionRoutes: Route[] = [
  { path: '/action/list', access: 'viewer', answer: list },
  { path: '/action/create', access: 'operator', answer: create },
  { path: '/action/:id', access: 'viewer', answer: show },
  { path: '/action/update/:id', access: 'operator', answer: update },
  { path: '/action/delete/:id', access: 'operator', answer: remove },
];

async function list(call: Call): Promise<Reply> {
  return paged(call.page, await call.catalogue.actions.page(call.namedPage), showAction);
}

async function create(call: Call): Promise<Reply> {
  const { fields } = call;
  const values = { name: fields.text('name'), desc: fields.text('desc'), params: fields.map('params') };
  checkName(values.name);
  if (/[^\0-\x7F]/.test(JSON.stringify(values.params))) throw new Refusal(400, 'there is unicode character in param');
  const { id } = await call.change((edit) => edit.actions.create(values));
  return replied(id);
}

async function show(call: Call): Promise<Reply> {
  const action = await call.catalogue.actions.get(call.id);
  if (!action) throw new Refusal(404, NO_ROW);
  return replied(showAction(action));
}

/** The name stays as it was. */
async function update(call: Call): Promise<Reply> {
  const { id, fields } = call;
  const values = { desc: fields.text('desc'), params: fields.map('params') };
  await call.change((edit) => edit.actions.update(id, values));
  return UPDATED;
}

/** Its implementations go with it. */
async function remove(call: Call): Promise<Reply> {
  const { id } = call;
  await call
    .change((edit) => edit.actions.remove(id))
    .catch(
      inWords({
        inUse: (users) =>
          new Refusal(
            404,
            `action is using ! ${users.map((step) => `step id:${step.id},step name:${step.name}`).join('; ')}`,
          ),
      }),
    );
  return UPDATED;
}

function showAction({ id, name, desc, params }: ActionRow): Json {
  return { id, name, desc, params: sorted(params) };
}
