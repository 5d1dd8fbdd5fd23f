import { actionOf, paramsOf } from '../../model/opendcp/actions.ts';
import { Invalid } from '../../model/parse/index.ts';
import { resolveSteps, stepsUsed, type FoundStep } from '../../model/resolve.ts';
import type { Template, TemplateSpec } from '../../model/template.ts';
import type { CatalogueReads } from './types.ts';

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

/** Throws Invalid. */
export async function namedTemplate(catalogue: CatalogueReads, reference: string) {
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
