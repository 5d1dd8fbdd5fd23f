import { actionOf, paramsOf } from '../../model/opendcp/actions.ts';
import { Invalid, type ParsedSubmission } from '../../model/parse/index.ts';
import type { Node } from '../../model/node.ts';
import { resolveSteps, stepsUsed, type FoundStep } from '../../model/resolve.ts';
import type { Template, TemplateSpec } from '../../model/template.ts';
import type { CatalogueReads, PoolRow } from './types.ts';

/** What a submission's names stand for now. */
export interface Resolved {
  template: Template;
  nodes: Node[];
  /** Of a template that was named. */
  templateId?: number;
  templateVersion?: number;
}

/** Throws Invalid with what the catalogue does not have. */
export async function resolveSubmission(
  catalogue: CatalogueReads,
  submission: Pick<ParsedSubmission, 'template' | 'templateName' | 'nodes' | 'pool' | 'names'>,
): Promise<Resolved> {
  const named = submission.template ? undefined : await namedTemplate(catalogue, submission.templateName ?? '');
  const spec = submission.template ?? named?.spec;
  if (!spec) throw new Error('a submission has a template or the name of one');
  return {
    template: await resolveTemplate(catalogue, spec),
    nodes:
      submission.pool === undefined
        ? (submission.nodes ?? [])
        : await nodesOf(catalogue, submission.pool, submission.names),
    ...(named && { templateId: named.id, templateVersion: named.version }),
  };
}

/** Puts the catalogue's actions in place of the names of its steps. Throws Invalid. */
export async function resolveTemplate(catalogue: CatalogueReads, spec: TemplateSpec): Promise<Template> {
  const names = stepsUsed(spec);
  if (names.length === 0) return resolveSteps(spec, () => undefined);
  const steps = new Map<string, FoundStep>();
  for (const name of names) {
    const found = await foundStep(catalogue, name);
    if (found) steps.set(name, found);
  }
  return resolveSteps(spec, (name) => steps.get(name));
}

async function foundStep(catalogue: CatalogueReads, name: string): Promise<FoundStep | undefined> {
  const step = await catalogue.steps.named(name);
  if (!step) return undefined;
  const rows = await Promise.all((step.actions ?? []).map((action) => catalogue.actions.named(action)));
  const implementations = await catalogue.implementations.ofAll(rows.flatMap((row) => (row ? [row.id] : [])));
  const actions = (step.actions ?? []).map((action, i) => {
    const row = rows[i];
    const implementation = row && implementations.get(row.id);
    const body = implementation && actionOf(implementation.template);
    return { name: action, params: paramsOf(row?.params ?? null), body };
  });
  return { actions };
}

async function namedTemplate(catalogue: CatalogueReads, reference: string) {
  const exact = await catalogue.templates.named(reference);
  if (exact) return exact;
  const [, name = '', version = ''] = /^(.*)@(\d{1,9})$/s.exec(reference) ?? [];
  const template = name === '' ? undefined : await catalogue.templates.named(name);
  if (!template)
    throw new Invalid([
      {
        path: 'templateName',
        message: `there is no template ${reference} in the catalogue`,
        expected: 'the name of one; `drover apply` brings templates there',
      },
    ]);
  const old = await catalogue.templates.version(template.id, Number(version));
  if (old) return { id: template.id, spec: old.spec, version: old.version };
  const message = `template ${name} has no version ${version}`;
  throw new Invalid([{ path: 'templateName', message, expected: `one up to ${template.version}` }]);
}

/** A pool's nodes, or those of the names given, each reached as the pool says where it does not say itself. */
async function nodesOf(catalogue: CatalogueReads, name: string, names: string[] | undefined): Promise<Node[]> {
  const pool = await catalogue.pools.named(name);
  if (!pool)
    throw new Invalid([
      { path: 'pool', message: `there is no pool ${name}`, expected: 'the name of a pool of the catalogue' },
    ]);
  const all = await catalogue.nodes.all(pool.id);
  const nodes = new Map(all.map((row) => [row.name, reached(row.node, pool)]));
  if (!names) {
    if (nodes.size === 0)
      throw new Invalid([{ path: 'pool', message: `pool ${name} has no nodes`, expected: 'one at least' }]);
    return [...nodes.values()];
  }
  const unknown = names.filter((one) => !nodes.has(one));
  if (unknown.length > 0)
    throw new Invalid(unknown.map((one) => ({ path: 'nodes', message: `pool ${name} has no node named ${one}` })));
  return [...new Set(names)].flatMap((one) => nodes.get(one) ?? []);
}

function reached(node: Node, { ssh }: PoolRow): Node {
  return { ...ssh, ...node };
}
