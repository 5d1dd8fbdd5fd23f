import { stripVTControlCharacters } from 'node:util';

/** Columns as wide as their widest cell; the last one is as long as it is. Cells may have colours. */
export function table(head: string[], rows: string[][]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function width(cell: string): number {
  return Array.from(stripVTControlCharacters(cell)).length;
}
