import { GROUP_ACTIONS, type GroupKind } from '../../model/pool/group-actions.ts';
import { traitsOf } from '../../model/pool/provider.ts';
import type { TemplateSpec } from '../../model/template.ts';
import { templateId } from '../../store/catalogue/documents.ts';
import type { CatalogueReads, PoolRow, TemplateRow } from '../../store/catalogue/types.ts';
import type { NodeCommand } from '../schemas/pool-nodes.ts';

const OF_EVERY_NODE: NodeCommand[] = [
  {
    ...{ name: 'drain', type: 'node', pool: null, template: null },
    description: 'Takes the node out of rotation, and waits for what runs on it',
    params: { timeout: { description: 'seconds', type: 'integer', default: '30' } },
  },
  {
    ...{ name: 'undrain', type: 'node', pool: null, template: null, params: {} },
    description: 'Takes the node into rotation again',
  },
  {
    ...{ name: 'restart', type: 'node', pool: null, template: null, params: {} },
    description: "Runs the pool's template `restart` on the node, else its provider's restart",
  },
];

/** Of a pool's templates those that make and remove nodes, and run on none that is there. */
const OF_MACHINES = ['expand', 'shrink'];

/** What can be run on nodes: requests of the node API itself, the pools' templates, and what their providers do. */
export async function nodeCommands(catalogue: CatalogueReads): Promise<NodeCommand[]> {
  const [pools, templates] = await Promise.all([catalogue.pools.all(), catalogue.templates.all()]);
  const byId = new Map(templates.map((template) => [template.id, template]));
  return [...OF_EVERY_NODE, ...pools.flatMap((pool) => [...templateCommands(pool, byId), ...providerCommands(pool)])];
}

function templateCommands({ name: pool, tasks }: PoolRow, templates: Map<number, TemplateRow>): NodeCommand[] {
  return Object.entries(tasks ?? {}).flatMap(([purpose, value]): NodeCommand[] => {
    const template = templates.get(templateId(value) ?? 0);
    if (!template || OF_MACHINES.includes(purpose)) return [];
    const { name, desc, spec } = template;
    return [{ name: purpose, description: desc, type: 'template', pool, template: name, params: paramsOf(spec) }];
  });
}

function paramsOf({ params }: TemplateSpec): NodeCommand['params'] {
  const shown = Object.entries(params).map(([name, { description, type, required, default: value }]) => [
    name,
    {
      ...(description !== undefined && { description }),
      ...(type !== undefined && { type }),
      ...(required !== undefined && { required }),
      ...(value !== undefined && { default: value }),
    },
  ]);
  return Object.fromEntries(shown) as NodeCommand['params'];
}

function providerCommands({ name: pool, provider }: PoolRow): NodeCommand[] {
  const acts = provider ? traitsOf(provider).acts : [];
  return acts.map((act) => ({
    ...{ name: act, description: GROUP_ACTIONS[act].desc, type: 'provider', pool, template: null },
    params: optionsOf(act),
  }));
}

function optionsOf(act: GroupKind): NodeCommand['params'] {
  const { options, required = [] }: { options: Readonly<Record<string, string>>; required?: readonly string[] } =
    GROUP_ACTIONS[act];
  return Object.fromEntries(
    Object.entries(options).map(([name, type]) => [name, { type, ...(required.includes(name) && { required: true }) }]),
  );
}
