import { isGroupStep } from '../../model/pool/group-actions.ts';
import type { Json } from '../../model/json.ts';
import { specOfSteps, stepsOfSpec, type OpendcpStep } from '../../model/opendcp/steps.ts';
import type { CatalogueReads, TemplateRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import { DONE, paged, replied, sorted, UPDATED, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import type { Fields } from './fields.ts';
import { checkName } from './names.ts';
import { NO_ROW, Refusal } from './refusal.ts';
import type { Route } from './table.ts';

/** Templates go by three names: the two others are the document's. */
export const templateRoutes: Route[] = [
  ...['/task_tpl', '/task/impl', '/action/impl'].flatMap((at): Route[] => [
    { path: `${at}/list`, access: 'viewer', answer: list },
    { path: `${at}/create`, access: 'operator', answer: create },
  ]),
  { path: '/task/impl/delete', access: 'operator', answer: (call) => remove(call, call.fields.int('id')) },
  { path: '/action/impl/delete', access: 'operator', answer: (call) => remove(call, call.fields.int('id')) },
  { path: '/task_tpl/:id', access: 'viewer', answer: show },
  { path: '/task_tpl/update/:id', access: 'operator', answer: update },
  { path: '/task_tpl/delete/:id', access: 'operator', answer: (call) => remove(call, call.id) },
];

async function list(call: Call): Promise<Reply> {
  return paged(call.page, await call.catalogue.templates.page(call.namedPage), showTemplate);
}

async function create(call: Call): Promise<Reply> {
  const { fields } = call;
  const name = checkName(fields.text('name'));
  const desc = fields.text('desc');
  const steps = readSteps(fields);
  const { id } = await call
    .change(async (edit) => {
      await checkSteps(edit, steps);
      return await edit.templates.create({ name, spec: specOfSteps(name, desc, steps), opendcp: steps });
    })
    .catch(inWords({ nameTaken: ({ message }) => new Refusal(404, message) }));
  return replied(id);
}

async function show(call: Call): Promise<Reply> {
  const template = await call.catalogue.templates.get(call.id);
  if (!template) throw new Refusal(404, NO_ROW);
  return replied(showTemplate(template));
}

/** The name stays as it was, and so does what OpenDCP's clients cannot see: parameters and the rollout. */
async function update(call: Call): Promise<Reply> {
  const { id, fields } = call;
  const desc = fields.text('desc');
  const steps = readSteps(fields);
  await call.change(async (edit) => {
    const present = await edit.templates.get(id);
    if (!present) throw new Refusal(404, NO_ROW);
    await checkSteps(edit, steps);
    const { params, rollout } = present.spec;
    const spec = { ...specOfSteps(present.name, desc, steps), params, ...(rollout && { rollout }) };
    return await edit.templates.update(id, { spec, opendcp: steps });
  });
  return UPDATED;
}

/** Its tasks stay, with the template that each ran. */
async function remove(call: Call, id: number): Promise<Reply> {
  await call
    .change((edit) => edit.templates.remove(id))
    .catch(inWords({ notFound: new Refusal(404, 'data not found') }));
  return DONE;
}

function readSteps(fields: Fields): OpendcpStep[] | null {
  return fields.objects('steps')?.map(readStep) ?? null;
}

function readStep(fields: Fields): OpendcpStep {
  const retry = fields.object('retry');
  return {
    name: fields.text('name'),
    param_values: fields.map('param_values'),
    retry: retry && { retry_times: retry.int('retry_times'), ignore_error: retry.flag('ignore_error') },
  };
}

async function checkSteps(reads: CatalogueReads, steps: readonly OpendcpStep[] | null): Promise<void> {
  for (const name of new Set((steps ?? []).map((step) => step.name)))
    if (!isGroupStep(name) && !(await reads.steps.named(name))) throw new Refusal(404, `step name not found: ${name}`);
}

/** As its client gave them; else as they would have to be given. */
export function stepsOfTemplate({ opendcp, spec }: Pick<TemplateRow, 'opendcp' | 'spec'>): OpendcpStep[] | null {
  return opendcp ?? (spec.steps.length > 0 ? stepsOfSpec(spec) : null);
}

/** Keys in the order that OpenDCP writes them. */
export function showSteps(steps: readonly OpendcpStep[] | null): Json {
  if (steps === null) return null;
  return steps.map(({ name, param_values, retry }) => ({
    name,
    param_values: sorted(param_values),
    retry: retry && { retry_times: retry.retry_times, ignore_error: retry.ignore_error },
  }));
}

function showTemplate(row: TemplateRow): Json {
  const { id, name, desc } = row;
  return { id, name, desc, steps: showSteps(stepsOfTemplate(row)) };
}
