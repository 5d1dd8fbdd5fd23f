import { table } from './table.ts';
import { plain } from './text.ts';

/** What an import did, or would do; numbers by kind. */
export interface ImportReport {
  created: Record<string, number>;
  updated: Record<string, number>;
  unchanged: Record<string, number>;
  /** Things whose id from elsewhere was taken here. */
  renumbered: { kind: string; name: string; from: number; to: number }[];
  warnings: string[];
}

export function reportText({ created, updated, unchanged, renumbered, warnings }: ImportReport): string {
  const kinds = [...new Set([created, updated, unchanged].flatMap((counts) => Object.keys(counts)))];
  const row = (kind: string) => [kind, ...[created, updated, unchanged].map((counts) => String(counts[kind] ?? 0))];
  const rows = kinds.map(row).filter(([, ...counts]) => counts.some((count) => count !== '0'));
  const counts = rows.length === 0 ? 'nothing to import' : table(['KIND', 'CREATED', 'UPDATED', 'UNCHANGED'], rows);
  const ids = renumbered.map(({ kind, name, from, to }) => `  ${kind} ${plain(name)}: ${from} is ${to} here`);
  return [
    counts,
    ...(ids.length > 0 ? ['', 'Ids that could not be kept:', ...ids] : []),
    ...(warnings.length > 0 ? ['', 'Warnings:', ...warnings.map((warning) => `  ${plain(warning)}`)] : []),
  ].join('\n');
}
