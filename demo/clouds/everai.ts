import { type Answer, type Asked, Cloud } from './cloud.ts';
import { type CloudMachine, Machines, type MachinesOptions, type MachineState } from './machines.ts';

export interface EveraiOptions extends Omit<MachinesOptions, 'places'> {
  token?: string;
  namespace?: string;
  app?: string;
}

/** `showAll` goes back so far, unless `recentDays` says otherwise. */
const RECENT_DAYS = 2;
const DAY = 86_400_000;

/**
 * everai's API of workers (seed 004), of one application. Proto3's JSON: what is empty is left out, 64-bit numbers are texts,
 * errors are `{code, message, details}`.
 */
export async function everaiCloud({
  token = 'everai-token',
  namespace = 'default',
  app = 'web',
  ...options
}: EveraiOptions = {}): Promise<{ cloud: Cloud; machines: Machines }> {
  const machines = new Machines({ newId: workerId, ...options });
  const base = '/api/apps/v1/namespaces/:namespace/apps/:name/workers';
  const known = (answer: (asked: Asked) => Answer) => (asked: Asked) => {
    if (asked.headers.authorization !== `Bearer ${token}`) return refusal(401, 16, 'invalid token');
    if (asked.params['namespace'] !== namespace || asked.params['name'] !== app)
      return refusal(404, 5, `app ${asked.params['name'] ?? ''} not found`);
    return answer(asked);
  };
  const cloud = await Cloud.serve(
    [
      { kind: 'list', method: 'GET', path: base, answer: known((asked) => list(machines, asked)) },
      { kind: 'create', method: 'POST', path: `${base}:scale-up`, answer: known((asked) => scaleUp(machines, asked)) },
      {
        kind: 'release',
        method: 'POST',
        path: `${base}:scale-down`,
        answer: known((asked) => scaleDown(machines, asked)),
      },
    ],
    refusal(404, 5, 'Not Found'),
  );
  return { cloud, machines };
}

function refusal(status: number, code: number, message: string): Answer {
  return { status, body: { code, message, details: [] } };
}

function list(machines: Machines, { query }: Asked): Answer {
  const since = Date.now() - Number(query.get('recentDays') ?? RECENT_DAYS) * DAY;
  const isShown = (machine: CloudMachine) => {
    const state = machines.state(machine);
    if (query.get('showAll') !== 'true') return state !== 'gone' && state !== 'error';
    return machine.leftAt === undefined || machine.leftAt >= since;
  };
  const workers = machines
    .all()
    .filter(isShown)
    .map((machine) => worker(machine, machines.state(machine)));
  return { body: workers.length === 0 ? {} : { workers } };
}

/** Status and detail status. */
const WORDS: Record<MachineState, [string, string]> = {
  booting: ['STATUS_PENDING', 'DETAIL_STATUS_IN_FLIGHT'],
  running: ['STATUS_RUNNING', 'DETAIL_STATUS_FREE'],
  error: ['STATUS_ERROR', ''],
  leaving: ['STATUS_TERMINATING', 'DETAIL_STATUS_REMOVE'],
  gone: ['STATUS_TERMINATED', 'DETAIL_STATUS_REMOVE'],
};

function worker({ id, madeAt, leftAt }: CloudMachine, state: MachineState) {
  const [status, detailStatus] = WORDS[state];
  return {
    id,
    deviceId: '95fa81d0-c46c-4d77-9194-20c65eb34733',
    status,
    ...(detailStatus !== '' && { detailStatus }),
    createdAt: new Date(madeAt).toISOString(),
    ...(leftAt !== undefined && { deletedAt: new Date(leftAt).toISOString() }),
    CPUs: 2,
    memory: 1024,
    appId: 'nmusD8nfVdsdc8q3cAmcbE',
  };
}

function scaleUp(machines: Machines, { body }: Asked): Answer {
  const count = numberIn(body, 'scaleUpWorkersNum');
  if (count === undefined || count < 1) return refusal(400, 3, 'invalid value for int32 type: scaleUpWorkersNum');
  if (count > machines.free) return refusal(400, 9, 'not enough resources to scale up');
  return { body: { workerIds: machines.make(count).map(({ id }) => id) } };
}

/** By ids, or by number: then the newest go. Ids that are not there are passed over. */
function scaleDown(machines: Machines, { body }: Asked): Answer {
  const ids = idsIn(body);
  const count = numberIn(body, 'scaleDownWorkersNum') ?? 0;
  if (ids.length === 0 && count < 1) return refusal(400, 3, 'scaleDownWorkersNum or workerIds is required');
  const kept = machines.kept();
  const leaving = ids.length > 0 ? kept.filter(({ id }) => ids.includes(id)) : kept.slice(-count);
  for (const machine of leaving) machines.leave(machine);
  return { body: {} };
}

/** A whole number written as text, as the wire has it. */
function numberIn(body: unknown, key: string): number | undefined {
  const text: unknown = isObject(body) ? body[key] : undefined;
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined;
}

function idsIn(body: unknown): string[] {
  const ids: unknown = isObject(body) ? body['workerIds'] : undefined;
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
}

function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null;
}

/** 22 letters and digits, as `JYdCWQfbKLAhEf8WnZUY34`. */
function workerId(nth: number): string {
  return `JYdCWQfbKLAhEf8W${String(nth).padStart(6, 'Z')}`;
}
