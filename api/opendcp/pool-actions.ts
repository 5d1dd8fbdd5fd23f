import { withOverrides } from '../../model/opendcp/steps.ts';
import { templateId } from '../../store/catalogue/documents.ts';
import type { PoolRow, TemplateRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import type { Reply } from './envelope.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './table.ts';
import { cannotRun, nodesAt } from './tasks/create.ts';
import { check, startAll } from './tasks/start.ts';
import { stepsOfTemplate } from './templates.ts';

export const poolActionRoutes: Route[] = [
  { path: '/pool/expand/:id', access: 'operator', answer: expand },
  { path: '/pool/shrink/:id', access: 'operator', answer: shrink },
  { path: '/pool/deploy/:id', access: 'operator', answer: deploy },
];

/** Machines that OpenDCP makes at once. */
const MOST = 200;
const NO_PROVIDER = 'has no provider that machines could be made by or returned to';

async function expand(call: Call): Promise<Reply> {
  const num = call.fields.int('num');
  if (num < 1 || num > MOST) throw new Refusal(400, `Bad num: ${num}`);
  const { pool, names } = await plan(call, 'expand');
  if (names[0] !== 'create_vm')
    throw new Refusal(400, `first step of expand template is not create_vm: ${names.join(',')}`);
  throw new Refusal(400, `expand fails: pool ${pool.name} ${NO_PROVIDER}`);
}

async function shrink(call: Call): Promise<Reply> {
  const ips = call.fields.texts('nodes') ?? [];
  const { pool, names } = await plan(call, 'shrink');
  if (names.at(-1) !== 'return_vm')
    throw new Refusal(400, `last step of shrink template is not return_vm: ${names.join(',')}`);
  if (ips.length === 0) throw new Refusal(400, 'nodes is empty');
  const strangers = (await nodesAt(call, ips)).filter(({ poolId }) => poolId !== pool.id);
  if (strangers.length > 0)
    throw new Refusal(400, `nodes of other pools: ${strangers.map(({ address }) => address).join(',')}`);
  throw new Refusal(400, `shrink fails: pool ${pool.name} ${NO_PROVIDER}`);
}

/** All nodes of the pool, `max_num` at a time, through its deploy template, with the image's tag where a service is started. */
async function deploy(call: Call): Promise<Reply> {
  const { fields } = call;
  const most = fields.int('max_num');
  const tag = fields.text('tag');
  const { pool, template, names } = await plan(call, 'deploy');
  if (tag === '' && names.some(startsService)) throw new Refusal(400, 'tag is empty');
  const nodes = (await call.catalogue.nodes.all(pool.id)).map(({ name }) => name);
  if (nodes.length === 0) throw new Refusal(400, 'nodes is empty');
  const steps = withOverrides(stepsOfTemplate(template) ?? [], startsService, { tag });
  const task = await check(call, {
    ...{ title: `deploy_${pool.name}`, template, steps, pool, nodes },
    batch: [Math.max(1, most)],
    stepLen: Math.max(0, most),
  }).catch(cannotRun());
  return await startAll(call, [task]);
}

function startsService(step: string): boolean {
  return step.startsWith('start_service');
}

/** The pool of the path, the template that it names for the purpose, and the names of that one's steps. */
async function plan(call: Call, purpose: string): Promise<{ pool: PoolRow; template: TemplateRow; names: string[] }> {
  const { id } = call;
  const pool = await call.catalogue.pools.get(id);
  if (!pool) throw new Refusal(400, `Pool not found : ${id}`);
  const wanted = templateId(pool.tasks?.[purpose]) ?? 0;
  if (wanted === 0) throw new Refusal(400, `No task id found for:${purpose}`);
  const template = await call.catalogue.templates.get(wanted);
  if (!template) throw new Refusal(400, `template not found: ${wanted}`);
  return { pool, template, names: (stepsOfTemplate(template) ?? []).map(({ name }) => name) };
}
