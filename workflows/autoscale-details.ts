import type { AutoscaleView, ActionView } from '../model/autoscale/view.ts';
import { cell } from './details.ts';

/** The page of an autoscaler in Temporal's UI (Markdown). */
export function autoscaleDetails({ paused, reading, decision, underWay, last, nextReadingAt }: AutoscaleView): string {
  const rows = [
    ['metric', reading ? (reading.value ?? `none: ${reading.missing}`) : 'not read yet'],
    ['nodes', reading ? `${reading.nodes}${reading.drained > 0 ? `, ${reading.drained} of them drained` : ''}` : ''],
    ['wanted', decision?.wanted ?? 'unknown'],
    ['decision', decision?.why ?? ''],
    ['under way', underWay ?? 'nothing'],
    ['last grew', told(last.up)],
    ['last shrank', told(last.down)],
    ['read at', reading?.at ?? ''],
    ['next reading', nextReadingAt ?? 'now'],
  ] as const;
  return [
    `**${paused ? 'paused' : 'scaling'}**`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${cell(String(value))} |`),
  ].join('\n');
}

function told(action: ActionView | null): string {
  if (!action) return 'never';
  const { at, by, task, ok, reason } = action;
  return `by ${by}, ${at}, ${task ?? 'by somebody else'}${ok ? '' : ` — not well: ${reason}`}`;
}
