import type { ActionView, AutoscaleView, writtenSettings } from '../../model/autoscale/view.ts';
import { plain } from './text.ts';
import { clock } from './time.ts';

/** As GET /api/v1/pools/:name/autoscale gives it. */
export interface AutoscaleAnswer {
  pool: string;
  settings: ReturnType<typeof writtenSettings>;
  state: AutoscaleView | null;
  reason: string;
}

export function autoscaleText({ pool, settings, state, reason }: AutoscaleAnswer): string {
  const { metric, target, of, min, max, step, cooldown, tolerance, every } = settings;
  const source = 'prometheus' in metric ? metric.prometheus : metric.json;
  return lines([
    ['pool', pool],
    ['metric', `${'query' in source ? source.query : source.path} at ${source.url}`],
    ['target', `${target} a node, the metric being ${of === 'average' ? 'an average over them' : 'the total of all'}`],
    ['nodes', `${min} to ${max}`],
    ['steps', `${step.up} up, ${step.down} down, at most`],
    ['cool-downs', `${cooldown.up} up, ${cooldown.down} down`],
    ['tolerance', `${Number((tolerance * 100).toPrecision(6))} %`],
    ['every', every],
    ...(state ? stateLines(state) : [['state', reason] as const]),
  ]);
}

function stateLines({ paused, reading, decision, underWay, last, actions, nextReadingAt }: AutoscaleView) {
  return [
    ['state', paused ? 'paused' : 'scaling'],
    ['read', reading ? `${reading.value ?? `nothing: ${reading.missing}`}, ${clock(reading.at)}` : 'not yet'],
    ['decision', decision?.why ?? ''],
    ['under way', underWay ?? ''],
    ['last grew', told(last.up)],
    ['last shrank', told(last.down)],
    ['actions', `${actions.up} expansions, ${actions.down} shrinks`],
    ['next reading', nextReadingAt === null ? 'now' : clock(nextReadingAt)],
  ] as const;
}

function told(action: ActionView | null): string {
  if (!action) return '';
  const { at, by, task, ok, reason } = action;
  return `by ${by}, ${clock(at)}, ${task ?? 'by somebody else'}${ok ? '' : `; not well: ${reason}`}`;
}

function lines(all: readonly (readonly [string, string])[]): string {
  return all.flatMap(([label, value]) => (value === '' ? [] : [`${label.padEnd(13)} ${plain(value)}`])).join('\n');
}
