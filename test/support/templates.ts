import { parseTemplate } from '../../model/parse/index.ts';
import { resolveSteps } from '../../model/resolve.ts';
import type { Template } from '../../model/template.ts';

/** A template that takes nothing from the catalogue. */
export function completeTemplate(value: unknown): Template {
  return resolveSteps(parseTemplate(value), () => undefined);
}
