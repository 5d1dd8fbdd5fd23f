import type { Change, FieldChange } from '../../model/catalogue/document.ts';
import { cut, paint, plain } from './text.ts';

/** Lines of a text that are shown of a difference at most. */
const MOST_LINES = 20;
const WIDTH = 100;

const SIGNS = { create: ['+', 'green'], update: ['~', 'yellow'], delete: ['-', 'red'] } as const;

/** What applying documents changes: one line a thing, indented below it what differs, and the sum. */
export function changesText(changes: readonly Change[]): string {
  const colour = paint(process.stdout);
  const lines = changes.flatMap(({ kind, name, change, fields }) => {
    const [sign, style] = SIGNS[change];
    const head = colour(style, `${sign} ${kind} ${name === '' ? '""' : plain(name)}`);
    return change === 'update' ? [head, ...fields.flatMap(fieldLines)] : [head];
  });
  return [...lines, '', sum(changes)].join('\n');
}

/** `2 to create, 1 to change, 0 to delete`. */
function sum(changes: readonly Change[]): string {
  const count = (what: Change['change']) => changes.filter(({ change }) => change === what).length;
  return `${count('create')} to create, ${count('update')} to change, ${count('delete')} to delete`;
}

function fieldLines({ path, before, after }: FieldChange): string[] {
  if (isLong(before) || isLong(after)) return [`    ${plain(path)}:`, ...textLines(linesOf(before), linesOf(after))];
  return [`    ${plain(path)}: ${shownValue(before)} → ${shownValue(after)}`];
}

function shownValue(value: unknown): string {
  return value === undefined ? '(none)' : cut(plain(JSON.stringify(value)), WIDTH);
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\n');
}

function linesOf(value: unknown): string[] {
  if (value === undefined) return [];
  return (typeof value === 'string' ? value.replace(/\n$/, '') : JSON.stringify(value)).split('\n');
}

/** What is left when the lines that two texts begin and end with alike are taken away. */
function textLines(before: string[], after: string[]): string[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const colour = paint(process.stdout);
  const gone = before.slice(start, before.length - end).map((line) => colour('red', `      - ${shownLine(line)}`));
  const come = after.slice(start, after.length - end).map((line) => colour('green', `      + ${shownLine(line)}`));
  if (gone.length + come.length === 0) return ['      (only the last line end)'];
  return [...some(gone), ...some(come)];
}

/** Indentation stays, what would move the cursor does not. */
function shownLine(line: string): string {
  const [indentation = ''] = /^[ \t]*/.exec(line) ?? [];
  return cut(indentation.replaceAll('\t', '    ') + plain(line), WIDTH);
}

function some(lines: string[]): string[] {
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `        … ${lines.length - MOST_LINES} lines more`];
}
