import { badInput } from '../failure.ts';

/** What `drover autoscale set` was given; all of it is text. */
export interface AutoscaleOptions {
  prometheus?: string;
  query?: string;
  jsonUrl?: string;
  path?: string;
  header: string[];
  target: string;
  min: string;
  max: string;
  of?: string;
  tolerance?: string;
  every?: string;
  stepUp?: string;
  stepDown?: string;
  cooldownUp?: string;
  cooldownDown?: string;
}

/** A pool's `autoscale` as its document has it; the server checks it. Throws Failure. */
export function autoscaleSettings(options: AutoscaleOptions): object {
  const { of, every, target, min, max, tolerance, stepUp, stepDown, cooldownUp, cooldownDown } = options;
  return {
    metric: metricOf(options),
    ...{ target: number('--target', target), min: number('--min', min), max: number('--max', max) },
    step: given({ up: optional('--step-up', stepUp), down: optional('--step-down', stepDown) }),
    cooldown: given({ up: cooldownUp, down: cooldownDown }),
    ...given({ of, every, tolerance: optional('--tolerance', tolerance) }),
  };
}

function metricOf({ prometheus, query, jsonUrl, path, header }: AutoscaleOptions): object {
  const headers = header.length > 0 ? { headers: Object.fromEntries(header.map(headerOf)) } : {};
  if (prometheus !== undefined && jsonUrl !== undefined)
    throw badInput('either --prometheus with --query, or --json-url with --path, not both');
  if (prometheus !== undefined) {
    if (query === undefined) throw badInput('--prometheus goes with --query: what to ask it');
    return { prometheus: { url: prometheus, query, ...headers } };
  }
  if (jsonUrl === undefined)
    throw badInput('where is the metric? --prometheus with --query, or --json-url with --path');
  if (path === undefined) throw badInput('--json-url goes with --path: where the number is in the answer');
  return { json: { url: jsonUrl, path, ...headers } };
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw badInput(`--header ${text}: expected a name and a value, as "Authorization: Bearer {{secret:NAME}}"`);
  return [name, value];
}

function optional(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : number(option, text);
}

function number(option: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw badInput(`${option} ${text}: expected a number`);
  return value;
}

function given(values: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
