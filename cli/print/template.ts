import { table } from './table.ts';
import { plain } from './text.ts';
import { clock } from './time.ts';
import { yamlText } from './yaml.ts';

export interface TemplateList {
  items: {
    name: string;
    description?: string;
    version: number;
    updatedAt: string;
    paramNames: string[];
    stepNames: string[];
  }[];
  next: string | null;
}

/** A template as it is, or (`at`, `by`) as it was. */
export type TemplateView = { name: string; version: number } & (
  { id: number; createdAt: string; updatedAt: string } | { at: string; by: string }
);

export interface VersionList {
  items: { version: number; at: string; by: string }[];
}

export function templateTable({ items, next }: TemplateList): string {
  if (items.length === 0) return 'no templates';
  const rows = items.map(({ name, version, updatedAt, stepNames, description = '' }) => [
    plain(name),
    String(version),
    clock(updatedAt),
    plain(stepNames.join(', ')),
    plain(description),
  ]);
  const more = next === null ? [] : ['', 'there are more: --limit N, or --search TEXT'];
  return [table(['TEMPLATE', 'VERSION', 'CHANGED', 'STEPS', 'DESCRIPTION'], rows), ...more].join('\n');
}

/** YAML as apply takes it, after a line that says which version it is. */
export function templateText(template: TemplateView): string {
  const { version } = template;
  const about = 'at' in template ? clock(template.at) + madeBy(template.by) : clock(template.updatedAt);
  const own = Object.entries(template).filter(([key]) => !ROW_KEYS.has(key));
  return `# version ${version}, ${about}\n${yamlText([{ kind: 'template', ...Object.fromEntries(own) }])}`.trimEnd();
}

/** An open server may not know who. */
function madeBy(name: string): string {
  return name === '' ? '' : ` by ${plain(name)}`;
}

const ROW_KEYS = new Set(['id', 'version', 'createdAt', 'updatedAt', 'at', 'by']);

export function versionTable({ items }: VersionList): string {
  return table(
    ['VERSION', 'MADE', 'BY'],
    items.map(({ version, at, by }) => [String(version), clock(at), plain(by)]),
  );
}
