import { type Answer, type Asked, Cloud } from './cloud.ts';
import { type CloudMachine, Machines, type MachinesOptions } from './machines.ts';

export interface JupiterOptions extends MachinesOptions {
  /** Ids of the clusters that there are. Default: 3. */
  clusters?: readonly number[];
  /** Whether it has the routes that list machines. Default `lists`; orion does not use them. */
  routes?: 'lists' | 'as orion uses it';
}

interface State {
  machines: Machines;
  clusters: readonly number[];
  /** By machine id. */
  clusterOf: Map<string, number>;
  /** By correlation id and machine id, with a blank between them. */
  logs: Map<string, string[]>;
  /** What a machine that came to nothing is: 2 uninit, 4 init timeout, 7 error. */
  failed: number;
}

/**
 * jupiter of OpenDCP (document/api/jupiter_api.md, and what its source does): clusters are machine types. Errors are `code`
 * and `msg`, with status 400 for bad requests and 500 for what could not be done. Addresses are those of the machines' places,
 * any text.
 */
export async function jupiterCloud({ clusters = [3], routes = 'lists', ...options }: JupiterOptions = {}): Promise<
  { cloud: Cloud } & State
> {
  const machines = new Machines({ newId: instanceId, ...options });
  const state: State = { machines, clusters, clusterOf: new Map(), logs: new Map(), failed: 7 };
  const route = (kind: string, method: string, path: string, answer: (state: State, asked: Asked) => Answer) => {
    return { kind, method, path, answer: (asked: Asked) => answer(state, asked) };
  };
  const lists = [
    route('list', 'GET', '/v1/instance/cluster/:cluster', listCluster),
    route('list-all', 'GET', '/v1/instance/list', listAll),
    route('log', 'GET', '/v1/instance/log/:id', log),
  ];
  const cloud = await Cloud.serve([
    route('create', 'POST', '/v1/cluster/:cluster/expand/:count', expand),
    route('status', 'GET', '/v1/instance/status/:ids', statusOf),
    route('log', 'GET', '/v1/instance/log/:correlation/:id', log),
    route('release', 'DELETE', '/v1/instance/:ids', remove),
    ...(routes === 'lists' ? lists : []),
  ]);
  return Object.assign(state, { cloud });
}

function answer(content: unknown, ext: unknown = null): Answer {
  return { body: { code: 0, msg: null, content, ext } };
}

export function refusal(status: number, code: number, msg: string): Answer {
  return { status, body: { code, msg, content: null, ext: null } };
}

const NO_CORRELATION = refusal(400, 12997, 'Missing requisite parameter(X-CORRELATION-ID)!');

function expand(state: State, { params, headers }: Asked): Answer {
  const correlation = headers['x-correlation-id'];
  const [cluster, count] = [Number(params['cluster']), Number(params['count'])];
  if (typeof correlation !== 'string') return NO_CORRELATION;
  if (!Number.isInteger(cluster) || !Number.isInteger(count) || count < 1) return refusal(400, 12996, 'Input error!');
  if (!state.clusters.includes(cluster)) return refusal(500, 10999, '<QuerySeter> no row found');
  const made = state.machines.make(count);
  if (made.length === 0) return refusal(500, 10999, 'resource is not enough to apply');
  for (const { id } of made) {
    state.clusterOf.set(id, cluster);
    record(state, correlation, id, '1. Begin to insert instances into db', '2. Begin start instance in future');
  }
  return answer(
    made.map(({ id }) => id),
    cluster,
  );
}

function record({ logs }: State, correlation: string, id: string, ...lines: string[]): void {
  const key = `${correlation} ${id}`;
  logs.set(key, [...(logs.get(key) ?? []), ...lines]);
}

/** A machine that is deleted is not found any more, which is an error. */
function statusOf(state: State, { params: { ids = '' } }: Asked): Answer {
  const content = ids.split(',').map((id) => {
    const machine = state.machines.find(id);
    if (!machine || state.machines.state(machine) === 'gone') return { instance_id: id, status: 7, ip_address: '' };
    return { instance_id: id, status: numberOf(state, machine), ip_address: addressOf(state, machine) };
  });
  return answer(content);
}

function listCluster(state: State, { params }: Asked): Answer {
  const cluster = Number(params['cluster']);
  return answer(listed(state).filter(({ Cluster }) => Cluster.Id === cluster));
}

function listAll(state: State): Answer {
  return answer(listed(state).reverse());
}

function listed(state: State) {
  const { machines, clusterOf } = state;
  return machines.present().map((machine, i) => ({
    Id: i + 1,
    Cluster: { Id: clusterOf.get(machine.id), Name: '1Core1G', Provider: 'aliyun' },
    Provider: 'aliyun',
    CreateTime: new Date(machine.madeAt).toISOString(),
    Cpu: 1,
    Ram: 1,
    InstanceId: machine.id,
    PrivateIpAddress: addressOf(state, machine),
    PublicIpAddress: '',
    Status: numberOf(state, machine),
  }));
}

/** Of one correlation id, or of all of the machine's. */
function log({ logs }: State, { params: { correlation, id = '' } }: Asked): Answer {
  const lines = [...logs].filter(([key]) =>
    correlation === undefined ? key.endsWith(` ${id}`) : key === `${correlation} ${id}`,
  );
  return answer(lines.flatMap(([, text]) => text).join('\n'));
}

/** Answered before anything is done, whatever the ids are. */
function remove(state: State, { params: { ids = '' }, headers }: Asked): Answer {
  const correlation = headers['x-correlation-id'];
  if (typeof correlation !== 'string') return NO_CORRELATION;
  for (const id of ids.split(',')) {
    const machine = state.machines.find(id);
    if (!machine) continue;
    record(state, correlation, id, '1. Begin to delete instance', '2. Delete instance from cloud');
    state.machines.leave(machine);
  }
  return answer(null);
}

/** Of its status. While a machine boots it is `initing` (3), but for the first half of the time: then it is `pending` (0). */
function numberOf({ machines, failed }: State, machine: CloudMachine): number {
  if (isNew(machines, machine)) return 0;
  return { booting: 3, running: 1, error: failed, leaving: 6, gone: 5 }[machines.state(machine)];
}

/** From when it is `initing`. */
function addressOf({ machines }: State, machine: CloudMachine): string {
  return isNew(machines, machine) ? '' : (machine.place?.address ?? '');
}

function isNew(machines: Machines, machine: CloudMachine): boolean {
  return machines.state(machine) === 'booting' && Date.now() < machine.madeAt + machines.bootTime / 2;
}

/** As `i-2ze1v31lnkfgubznmmtz`. */
function instanceId(nth: number): string {
  return `i-2ze${String(nth).padStart(16, '0')}`;
}
