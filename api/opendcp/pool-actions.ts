import { withOverrides, type OpendcpStep } from '../../model/opendcp/steps.ts';
import { templateId } from '../../store/catalogue/documents.ts';
import type { PoolRow, TemplateRow } from '../../store/catalogue/types.ts';
import type { Call } from './call.ts';
import type { Reply } from './envelope.ts';
import { inWords } from './errors.ts';
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

/** `num` more nodes, by the pool's expand template, on its machine type and its service discovery, with its service's image. */
async function expand(call: Call): Promise<Reply> {
  const num = call.fields.int('num');
  if (num < 1 || num > MOST) throw new Refusal(400, `Bad num: ${num}`);
  const { pool, template, steps, names } = await plan(call, 'expand');
  if (names[0] !== 'create_vm')
    throw new Refusal(400, `first step of expand template is not create_vm: ${names.join(',')}`);
  needProvider(pool, 'expand');
  const first = names.findIndex(startsService);
  const started = withOverrides(ofPool(steps, pool), (_, index) => index === first, { tag: await imageOf(call, pool) });
  const task = await check(call, {
    ...{ title: `expand_${pool.name}`, template, steps: started, pool },
    over: { do: { expand: { by: num } } },
    ...{ batch: [num], stepLen: num },
  }).catch(fails('expand'));
  return await startAll(call, [task]);
}

async function shrink(call: Call): Promise<Reply> {
  const ips = call.fields.texts('nodes') ?? [];
  const { pool, template, steps, names } = await plan(call, 'shrink');
  if (names.at(-1) !== 'return_vm')
    throw new Refusal(400, `last step of shrink template is not return_vm: ${names.join(',')}`);
  if (ips.length === 0) throw new Refusal(400, 'nodes is empty');
  const nodes = await nodesAt(call, ips);
  const strangers = nodes.filter(({ poolId }) => poolId !== pool.id);
  if (strangers.length > 0)
    throw new Refusal(400, `nodes of other pools: ${strangers.map(({ address }) => address).join(',')}`);
  needProvider(pool, 'shrink');
  const task = await check(call, {
    ...{ title: `shrink_${pool.name}`, template, steps: ofPool(steps, pool), pool },
    over: { do: { shrink: { nodes: nodes.map(({ name }) => name) } } },
    ...{ batch: [nodes.length], stepLen: nodes.length },
  }).catch(fails('shrink'));
  return await startAll(call, [task]);
}

/** All nodes of the pool, `max_num` at a time, through its deploy template, with the image's tag where a service is started. */
async function deploy(call: Call): Promise<Reply> {
  const { fields } = call;
  const most = fields.int('max_num');
  const tag = fields.text('tag');
  const { pool, template, steps, names } = await plan(call, 'deploy');
  if (tag === '' && names.some(startsService)) throw new Refusal(400, 'tag is empty');
  const count = (await call.catalogue.nodes.counts([pool.id])).get(pool.id) ?? 0;
  if (count === 0) throw new Refusal(400, 'nodes is empty');
  const task = await check(call, {
    ...{ title: `deploy_${pool.name}`, template, steps: withOverrides(steps, startsService, { tag }), pool },
    over: { do: { deploy: {} } },
    batch: [Math.max(1, most)],
    stepLen: Math.max(0, most),
  }).catch(cannotRun());
  return await startAll(call, [task]);
}

function startsService(step: string): boolean {
  return step.startsWith('start_service');
}

interface PoolPlan {
  pool: PoolRow;
  template: TemplateRow;
  steps: OpendcpStep[];
  names: string[];
}

/** The pool of the path, the template that it names for the purpose, and that one's steps. */
async function plan(call: Call, purpose: string): Promise<PoolPlan> {
  const { id } = call;
  const pool = await call.catalogue.pools.get(id);
  if (!pool) throw new Refusal(400, `Pool not found : ${id}`);
  const wanted = templateId(pool.tasks?.[purpose]) ?? 0;
  if (wanted === 0) throw new Refusal(400, `No task id found for:${purpose}`);
  const template = await call.catalogue.templates.get(wanted);
  if (!template) throw new Refusal(400, `template not found: ${wanted}`);
  const steps = stepsOfTemplate(template) ?? [];
  return { pool, template, steps, names: steps.map(({ name }) => name) };
}

/** The pool's machine type and service discovery, where it has them, in place of the template's. */
function ofPool(steps: readonly OpendcpStep[], { vmType, sdId }: PoolRow): OpendcpStep[] {
  const typed = withOverrides(steps, (name) => vmType !== 0 && MACHINE_STEPS.has(name), { vm_type_id: vmType });
  return withOverrides(typed, (name) => sdId !== 0 && DISCOVERY_STEPS.has(name), { service_discovery_id: sdId });
}

const MACHINE_STEPS = new Set(['create_vm', 'return_vm']);
const DISCOVERY_STEPS = new Set(['register', 'unregister']);

async function imageOf(call: Call, { serviceId }: PoolRow): Promise<string> {
  const service = await call.catalogue.services.get(serviceId);
  if (!service) throw new Refusal(400, `Service not found : ${serviceId}`);
  return service.dockerImage;
}

function needProvider({ name, provider }: PoolRow, purpose: string): void {
  if (provider) return;
  const missing = `pool ${name} has no provider that machines could be made by or returned to`;
  throw new Refusal(400, `${purpose} fails: ${missing}`);
}

/** For `catch`: why it cannot run, before anything of it has. */
function fails(purpose: string): (error: unknown) => never {
  return inWords({ invalid: ({ message }) => new Refusal(400, `${purpose} fails: ${message}`) });
}
