import { GROUP_ACTIONS } from '../../model/pool/group-actions.ts';
import type { Json } from '../../model/json.ts';
import type { ActionRow, StepRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import { paged, replied, sorted, UPDATED, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { checkName } from './names.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

export const stepRoutes: Route[] = [
  { path: '/remote_step/list', access: 'viewer', answer: list },
  { path: '/remote_step/create', access: 'operator', answer: create },
  { path: '/remote_step/:id', access: 'viewer', answer: show },
  { path: '/remote_step/update/:id', access: 'operator', answer: update },
  { path: '/remote_step/delete/:id', access: 'operator', answer: remove },
  { path: '/task_step/list', access: 'viewer', answer: listForTemplates },
];

async function list(call: Call): Promise<Reply> {
  return paged(call.page, await call.catalogue.steps.page(call.namedPage), showStep);
}

/** Its actions need not be there yet. */
async function create(call: Call): Promise<Reply> {
  const { fields } = call;
  const values = { name: fields.text('name'), desc: fields.text('desc'), actions: fields.texts('actions') };
  checkName(values.name);
  if (Object.hasOwn(GROUP_ACTIONS, values.name))
    throw new Refusal(400, `${values.name} is a step of its own, which acts on a pool's machines: choose another name`);
  const { id } = await call.change((edit) => edit.steps.create(values));
  return replied(id);
}

async function show(call: Call): Promise<Reply> {
  const step = await call.catalogue.steps.get(call.id);
  if (!step) throw new Refusal(404, NO_ROW);
  return replied(showStep(step));
}

/** The name stays as it was. */
async function update(call: Call): Promise<Reply> {
  const { id, fields } = call;
  const values = { desc: fields.text('desc'), actions: fields.texts('actions') };
  await call.change((edit) => edit.steps.update(id, values));
  return UPDATED;
}

async function remove(call: Call): Promise<Reply> {
  const { id } = call;
  await call
    .change((edit) => edit.steps.remove(id))
    .catch(
      inWords({
        inUse: (users) =>
          new Refusal(
            404,
            `step is using ! ${users.map((one) => `template id:${one.id},template name:${one.name}`).join('; ')}`,
          ),
      }),
    );
  return UPDATED;
}

/** All that a template may be made of, on one page: steps that run on nodes, and those that act on a pool's machines. */
async function listForTemplates(call: Call): Promise<Reply> {
  const [steps, actions] = await Promise.all([call.catalogue.steps.all(), call.catalogue.actions.all()]);
  const byName = new Map(actions.map((action) => [action.name.toLowerCase(), action]));
  const group = Object.entries(GROUP_ACTIONS).filter(([, { type }]) => type !== 'node');
  const data = [
    ...steps.map((step) => entry(step.name, step.desc, 'remote', paramsOf(step, byName))),
    ...group.map(([name, { desc, type, params }]) => entry(name, desc, type, params)),
  ];
  return { data, page: 0, page_size: data.length, query_count: data.length };
}

function entry(name: string, desc: string, type: string, params: Record<string, Json>): Json {
  return { id: 0, name, desc, type, params: sorted(params) };
}

function paramsOf({ actions }: StepRow, byName: Map<string, ActionRow>): Record<string, Json> {
  const declared = (actions ?? []).map((name) => byName.get(name.toLowerCase())?.params ?? {});
  return Object.assign({}, ...declared) as Record<string, Json>;
}

function showStep({ id, name, desc, actions }: StepRow): Json {
  return { id, name, desc, actions };
}
