import type { Json } from '../../model/json.ts';
import type { ImplementationRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import { paged, replied, sorted, UPDATED, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { checkName } from './names.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

/** Implementations of actions. The id in a path is the action's, and the one of type `ansible` is meant. */
export const implementationRoutes: Route[] = [
  { path: '/actimpl/list', access: 'viewer', answer: list },
  { path: '/actimpl/create', access: 'operator', answer: create },
  { path: '/actimpl/:id', access: 'viewer', answer: show },
  { path: '/actimpl/update/:id', access: 'operator', answer: update },
  { path: '/actimpl/delete/:id', access: 'operator', answer: remove },
];

async function list(call: Call): Promise<Reply> {
  return paged(call.page, await call.catalogue.implementations.page(call.page), showImplementation);
}

async function create(call: Call): Promise<Reply> {
  const { fields } = call;
  const actionId = fields.int('action_id');
  const values = { actionId, type: checkName(fields.text('type'), 'type'), template: fields.map('template') };
  const { id } = await call
    .change(async (edit) => {
      if (!(await edit.actions.get(actionId))) throw new Refusal(400, `action ${actionId} not found`);
      return await edit.implementations.create(values);
    })
    .catch(
      inWords({
        nameTaken: () => new Refusal(400, `action impl already exists, action id:${actionId}, type:${values.type}`),
      }),
    );
  return replied(id);
}

async function show(call: Call): Promise<Reply> {
  const implementation = await call.catalogue.implementations.of(call.id);
  if (!implementation) throw new Refusal(404, NO_ROW);
  return replied(showImplementation(implementation));
}

/** Without a type it keeps the one that it has: with none it could not be found again. */
async function update(call: Call): Promise<Reply> {
  const { id: actionId, fields } = call;
  const given = { type: checkName(fields.text('type'), 'type'), template: fields.map('template') };
  await call.change(async (edit) => {
    const present = await edit.implementations.of(actionId);
    if (!present) throw new Refusal(404, NO_ROW);
    return await edit.implementations.update(present.id, { ...given, type: given.type || present.type });
  });
  return UPDATED;
}

/** All of the action's, of whatever type; there may be none. */
async function remove(call: Call): Promise<Reply> {
  const { id: actionId } = call;
  await call.change((edit) => edit.implementations.removeOf(actionId));
  return UPDATED;
}

function showImplementation({ id, type, actionId, template }: ImplementationRow): Json {
  return { id, type, action_id: actionId, template: sorted(template) };
}
