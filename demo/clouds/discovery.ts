import { type Answer, type Asked, Cloud } from './cloud.ts';

/** `nginx`: changed by a job on the balancers, and never left without an address. `slb`, `consul`: changed at once. */
export type AlterationType = 'nginx' | 'slb' | 'consul';

export interface DiscoveryOptions {
  appkey?: string;
  /** By id. Default: 1 is an nginx. */
  types?: Record<number, AlterationType>;
  /** ms that a job on the balancers takes. Default 0. */
  takes?: number;
}

interface Job {
  correlation: string;
  startedAt: number;
  fate: Fate;
}

export type Fate = 'ok' | 'fails' | 'never-ends';

interface State {
  appkey: string;
  types: Record<number, AlterationType>;
  takes: number;
  /** Addresses by type. */
  members: Map<number, string[]>;
  jobs: Job[];
  /** What becomes of the next jobs; then all go well again. */
  fates: Fate[];
}

const BASE = '/v1/adaptor/auto_alteration';

/**
 * The adaptor of OpenDCP's hubble, which registers addresses (document/usermanual.md, and what its source does): errors are
 * `code` 1 with status 200.
 */
export async function discoveryCloud({
  appkey = 'discovery-appkey',
  types = { 1: 'nginx' },
  takes = 0,
}: DiscoveryOptions = {}): Promise<{ cloud: Cloud } & State> {
  const state: State = { appkey, types, takes, members: new Map(), jobs: [], fates: [] };
  const route = (kind: string, method: string, path: string, answer: (state: State, asked: Asked) => Answer) => {
    return { kind, method, path: `${BASE}/${path}/`, answer: (asked: Asked) => answer(state, asked) };
  };
  const cloud = await Cloud.serve([
    route('register', 'POST', 'add', add),
    route('unregister', 'POST', 'remove', remove),
    route('check', 'GET', 'check_state', check),
  ]);
  return Object.assign(state, { cloud });
}

function answer(data: object): Answer {
  return { body: { code: 0, msg: 'success', data } };
}

export function refusal(msg: string): Answer {
  return { body: { code: 1, msg, data: {} } };
}

function add(state: State, asked: Asked): Answer {
  return change(state, asked, (before, ips) => [...new Set([...before, ...ips])]);
}

function remove(state: State, asked: Asked): Answer {
  return change(state, asked, (before, ips) => before.filter((ip) => !ips.includes(ip)));
}

function change(
  state: State,
  { headers, body }: Asked,
  changed: (before: string[], ips: string[]) => string[],
): Answer {
  if (headers['appkey'] === undefined) return refusal('no appkey');
  if (headers['appkey'] !== state.appkey) return refusal('this appkey do not have permission.');
  const correlation = headers['x-correlation-id'];
  if (typeof correlation !== 'string') return refusal('check correlation_id failed');
  const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
  const absent = ['type_id', 'ips', 'user'].find((key) => !fields[key]);
  if (absent !== undefined) return refusal(`parameter [${absent}] is absent or empty, please check and try again.`);
  const id = Number(fields['type_id']);
  const type = state.types[id];
  // It says so, though there is no such type and nothing is done.
  if (type === undefined) return answer({});
  const after = changed(state.members.get(id) ?? [], String(fields['ips']).split(','));
  if (type === 'nginx' && after.length === 0) return refusal('upstream left no ip after delete, failed!');
  state.members.set(id, after);
  if (type === 'slb') return answer({ type: 'sync' });
  if (type === 'consul') return answer({ type: 'sync', task_id: 0 });
  state.jobs.push({ correlation, startedAt: Date.now(), fate: state.fates.shift() ?? 'ok' });
  return answer({ type: 'async', task_id: state.jobs.length });
}

/** By its id, or by the correlation id of its request. */
function check({ jobs, takes }: State, { query, headers }: Asked): Answer {
  const id = query.get('release_id') ?? '';
  const correlation = headers['x-correlation-id'];
  if (id === '' && correlation === undefined) return refusal('correlation-id and release_id are both empty');
  const job = id === '' ? jobs.find((one) => one.correlation === correlation) : jobs[Number(id) - 1];
  if (!job) return refusal('check task state: no such content');
  const isUnderWay = job.fate === 'never-ends' || Date.now() < job.startedAt + takes;
  const state = isUnderWay ? 1 : job.fate === 'fails' ? 3 : 2;
  return answer({ state, detail: [{ ip: '192.0.2.1', state }], 'X-CORRELATION-ID': job.correlation });
}
