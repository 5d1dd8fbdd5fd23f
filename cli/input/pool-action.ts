import { hostname, userInfo } from 'node:os';
import { parsePoolRequest, type PoolVerb } from '../../model/parse/pool-requests.ts';
import { readParams } from './params.ts';
import { Problems } from './problems.ts';
import { readRollout, type RolloutOptions } from './rollout.ts';
import { newName } from './task.ts';

export interface PoolActionOptions extends RolloutOptions {
  count?: string | undefined;
  to?: string | undefined;
  node?: string[] | undefined;
  machine?: string[] | undefined;
  choose?: string | undefined;
  param?: string[] | undefined;
  name?: string | undefined;
  now?: true | undefined;
}

/** What is sent to do something with a pool: the request as the API takes it. */
export interface PoolBody extends Record<string, unknown> {
  name: string;
}

/** Checked as far as that goes without the catalogue. Throws Invalid with the problems of all options. */
export function readPoolAction(verb: PoolVerb, pool: string, options: PoolActionOptions): PoolBody {
  const { count, to, node = [], machine = [], choose, now } = options;
  const problems = new Problems();
  const params = readParams(options.param ?? [], problems);
  const rollout = readRollout(options, problems);
  const body = {
    ...(count !== undefined && { count: number(count) }),
    ...(to !== undefined && { to: number(to) }),
    ...(node.length > 0 && { nodes: node }),
    ...(machine.length > 0 && { machines: machine }),
    ...(choose !== undefined && { choose }),
    ...(Object.keys(params).length > 0 && { params }),
    ...(rollout && { rollout }),
    ...(now && { now }),
    name: options.name ?? newName(`${verb}-${pool}`),
    startedBy: `${userInfo().username}@${hostname()}`,
  };
  problems.take(() => parsePoolRequest(verb, body), optionOf);
  problems.throwIfAny();
  return body;
}

/** What is no number is refused as it stands. */
function number(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

const OPTIONS: Record<string, string> = { nodes: '--node', machines: '--machine', '': 'how many' };

function optionOf(path: string): string {
  const [key = ''] = path.split(/[.[]/);
  return OPTIONS[key] ?? `--${key}`;
}
