import type { Json } from '../model/json.ts';
import { entriesAt, idAt, textAt } from '../model/json-path.ts';
import type { Api, ApiRequest } from './api.ts';
import type { Call, Machine } from './provider.ts';
import { unlessCode } from './refusal.ts';

/** Ids in one path. */
const IDS_AT_ONCE = 100;

export const refusal = unlessCode('0', 'msg');

/** Older jupiters know only what orion asks for. In doubt they can: a list that fails says so by itself. */
export async function canListCluster(api: Api, cluster: number): Promise<boolean> {
  const call: Call = { signal: AbortSignal.timeout(PROBING), say: () => undefined };
  const request: ApiRequest = {
    method: 'GET',
    path: `/v1/instance/cluster/${cluster}`,
    okStatus: [200, 404],
    reply: 'any',
  };
  try {
    return await api.once(request, call, ({ status }) => status !== 404);
  } catch {
    return true;
  }
}

/** ms */
const PROBING = 5000;

export async function inCluster(api: Api, cluster: number, call: Call): Promise<Machine[]> {
  const request: ApiRequest = { method: 'GET', path: `/v1/instance/cluster/${cluster}`, refusal };
  return api.repeatable(request, call, ({ json }) => entriesAt(json, 'content').map(listedMachine));
}

/** Whatever cluster they are in. */
export async function byIds(api: Api, ids: readonly string[], call: Call): Promise<Machine[]> {
  const machines: Machine[] = [];
  for (const some of chunks(ids)) {
    const request: ApiRequest = { method: 'GET', path: `/v1/instance/status/${some}`, refusal };
    machines.push(
      ...(await api.repeatable(request, call, ({ json }) => entriesAt(json, 'content').map(statusMachine))),
    );
  }
  if (!machines.some(isInDoubt)) return machines;
  const left = await listed(api, call);
  return machines.map((machine) =>
    isInDoubt(machine) && left && !left.has(machine.id) ? { ...machine, status: 'gone', detail: 'deleted' } : machine,
  );
}

/** By id jupiter finds no machine that is deleted, and says `error` of it; its lists leave out only those. */
function isInDoubt({ detail }: Machine): boolean {
  return detail === WORDS[7]?.[1];
}

/** The ids that jupiter has on record and that are not deleted; undefined when it does not tell. */
async function listed(api: Api, call: Call): Promise<Set<string> | undefined> {
  const request: ApiRequest = { method: 'GET', path: '/v1/instance/list', okStatus: [200, 404], reply: 'any', refusal };
  return api.repeatable(request, call, ({ status, json }) =>
    status === 404 ? undefined : new Set(entriesAt(json, 'content').map((item) => idAt(item, 'InstanceId'))),
  );
}

function statusMachine(item: Json): Machine {
  const address = textAt(item, 'ip_address?') ?? '';
  return machineOf(idAt(item, 'instance_id'), textAt(item, 'status'), address);
}

/** As jupiter itself chooses the ip_address of a machine that has two. */
function listedMachine(item: Json): Machine {
  const [seen, inner] = [textAt(item, 'PublicIpAddress?') ?? '', textAt(item, 'PrivateIpAddress?') ?? ''];
  return machineOf(idAt(item, 'InstanceId'), textAt(item, 'Status'), seen === '' ? inner : seen);
}

/** By number. That `uninit` is an end is orion's view of it. */
const WORDS: readonly (readonly [Machine['status'], string])[] = [
  ['pending', 'pending'],
  ['running', 'success'],
  ['failed', 'uninit'],
  ['pending', 'initing'],
  ['failed', 'init timeout'],
  ['gone', 'deleted'],
  ['leaving', 'deleting'],
  ['failed', 'error'],
];

function machineOf(id: string, code: string | undefined, address: string): Machine {
  const [status, detail] = WORDS[Number(code)] ?? ['failed', `status ${code ?? 'null'}`];
  return { id, status, detail, ...(address !== '' && { address }) };
}

/** As many ids as fit, as one piece of a path. */
export function chunks(ids: readonly string[]): string[] {
  const count = Math.ceil(ids.length / IDS_AT_ONCE);
  return Array.from({ length: count }, (_, i) =>
    ids
      .slice(i * IDS_AT_ONCE, (i + 1) * IDS_AT_ONCE)
      .map(encodeURIComponent)
      .join(','),
  );
}
