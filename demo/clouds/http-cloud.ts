import type { HttpSpec } from '../../model/pool/provider.ts';
import { type Answer, type Asked, Cloud } from './cloud.ts';
import { type CloudMachine, Machines, type MachinesOptions, type MachineState } from './machines.ts';

export interface HttpCloudOptions extends MachinesOptions {
  token?: string;
  /** Machines on a page of the list. Default: all. */
  pageSize?: number;
  /** A repeated creation with the same client token gives the same machines. Default: the token is not looked at. */
  keyed?: 'by client token';
}

interface State {
  machines: Machines;
  pageSize: number;
  /** By client token; undefined when tokens are not looked at. */
  made: Map<string, CloudMachine[]> | undefined;
  /** Ids of machines behind the balancer. */
  members: Set<string>;
  /** Ids of machines that get no new requests. */
  drained: Set<string>;
  /** Ids, once for each restart. */
  restarts: string[];
}

/** A cloud of virtual machines as there are many: JSON, bearer tokens, pages by cursor, addresses once a machine runs. */
export async function httpCloud({
  token = 'http-token',
  pageSize = Infinity,
  keyed,
  ...options
}: HttpCloudOptions = {}) {
  const state: State = {
    machines: new Machines(options),
    pageSize,
    made: keyed && new Map<string, CloudMachine[]>(),
    members: new Set(),
    drained: new Set(),
    restarts: [],
  };
  const known = (answer: (state: State, asked: Asked) => Answer) => (asked: Asked) =>
    asked.headers.authorization === `Bearer ${token}`
      ? answer(state, asked)
      : refusal(401, 'unauthorized', 'bad token');
  const cloud = await Cloud.serve(
    [
      { kind: 'create', method: 'POST', path: '/v1/machines', answer: known(create) },
      { kind: 'list', method: 'GET', path: '/v1/machines', answer: known(list) },
      { kind: 'release', method: 'DELETE', path: '/v1/machines/:id', answer: known(release) },
      { kind: 'register', method: 'PUT', path: '/v1/balancer/members/:id', answer: known(register) },
      { kind: 'unregister', method: 'DELETE', path: '/v1/balancer/members/:id', answer: known(unregister) },
      { kind: 'drain', method: 'POST', path: '/v1/machines/:id/drain', answer: known(drain) },
      { kind: 'undrain', method: 'POST', path: '/v1/machines/:id/undrain', answer: known(undrain) },
      { kind: 'restart', method: 'POST', path: '/v1/machines/:id/restart', answer: known(restart) },
    ],
    refusal(404, 'no_such_route', 'no such route'),
  );
  return { cloud, ...state };
}

/** How a pool describes it. */
export function httpCloudSpec(endpoint: string, spec: Partial<HttpSpec> = {}): HttpSpec {
  return {
    endpoint,
    headers: { Authorization: 'Bearer {{secret:CLOUD_TOKEN}}' },
    create: { path: '/v1/machines', body: { count: '{{count}}', client_token: '{{key}}' }, ids: 'machines[*].id' },
    list: {
      path: '/v1/machines',
      items: 'machines',
      id: 'id',
      status: 'status',
      address: 'network.address',
      port: 'network.ssh_port',
      running: ['ACTIVE'],
      failed: ['ERROR'],
      leaving: ['DELETING'],
      gone: ['DELETED'],
      pages: { query: 'cursor', next: 'next_cursor' },
    },
    release: { path: '/v1/machines/{{id}}' },
    register: { method: 'PUT', path: '/v1/balancer/members/{{id}}', body: { address: '{{address}}' } },
    unregister: { method: 'DELETE', path: '/v1/balancer/members/{{id}}', okStatus: [204, 404] },
    drain: { path: '/v1/machines/{{id}}/drain', body: { timeout: '{{timeout}}' }, repeatable: true },
    undrain: { path: '/v1/machines/{{id}}/undrain', repeatable: true },
    restart: { path: '/v1/machines/{{id}}/restart' },
    ...spec,
  };
}

export function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

function create({ machines, made }: State, { body }: Asked): Answer {
  const { count = 1, client_token: key }: Record<string, unknown> = fieldsOf(body);
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
    return refusal(400, 'invalid_count', 'count must be a positive integer');
  const before = typeof key === 'string' ? made?.get(key) : undefined;
  if (!before && count > machines.free) return refusal(403, 'quota_exceeded', `quota exceeded: ${machines.free} left`);
  const all = before ?? machines.make(count);
  if (typeof key === 'string') made?.set(key, all);
  return { status: 202, body: { machines: all.map((machine) => shown(machine, machines.state(machine))) } };
}

/** Machines that are gone are listed for as long as the double is there. */
function list({ machines, pageSize }: State, { query }: Asked): Answer {
  const from = Number(query.get('cursor') ?? 0);
  const page = machines.all().slice(from, from + pageSize);
  const next = from + page.length;
  return {
    body: {
      machines: page.map((machine) => shown(machine, machines.state(machine))),
      next_cursor: next < machines.all().length ? String(next) : null,
    },
  };
}

const WORDS: Record<MachineState, string> = {
  booting: 'BUILD',
  running: 'ACTIVE',
  error: 'ERROR',
  leaving: 'DELETING',
  gone: 'DELETED',
};

function shown({ id, place }: CloudMachine, state: MachineState) {
  const network = state === 'running' && place ? { address: place.address, ssh_port: place.port ?? null } : null;
  return { id, status: WORDS[state], network };
}

function release(state: State, asked: Asked): Answer {
  return withMachine(state, asked, (machine) => {
    state.machines.leave(machine);
    return { status: 204 };
  });
}

function register(state: State, asked: Asked): Answer {
  const { address }: Record<string, unknown> = fieldsOf(asked.body);
  return withMachine(state, asked, ({ id, place }) => {
    if (address !== (place?.address ?? '')) return refusal(400, 'invalid_address', 'address is not of this machine');
    state.members.add(id);
    return { body: {} };
  });
}

function unregister({ members }: State, { params: { id = '' } }: Asked): Answer {
  return members.delete(id) ? { status: 204 } : refusal(404, 'no_such_member', `${id} is no member`);
}

function drain(state: State, asked: Asked): Answer {
  const { timeout }: Record<string, unknown> = fieldsOf(asked.body);
  if (typeof timeout !== 'number') return refusal(400, 'invalid_timeout', 'timeout must be a number of seconds');
  return withMachine(state, asked, ({ id }) => {
    state.drained.add(id);
    return { body: {} };
  });
}

function undrain(state: State, asked: Asked): Answer {
  return withMachine(state, asked, ({ id }) => {
    state.drained.delete(id);
    return { body: {} };
  });
}

function restart(state: State, asked: Asked): Answer {
  return withMachine(state, asked, ({ id }) => {
    state.restarts.push(id);
    return { status: 202, body: {} };
  });
}

function withMachine(
  { machines }: State,
  { params: { id = '' } }: Asked,
  act: (machine: CloudMachine) => Answer,
): Answer {
  const machine = machines.find(id);
  if (!machine || machines.state(machine) === 'gone') return refusal(404, 'no_such_machine', `no such machine: ${id}`);
  return act(machine);
}

function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}
