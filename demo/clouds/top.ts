import { type Answer, type Asked, Cloud } from './cloud.ts';

type Fate = 'ok' | 'publish-failed' | 'fails' | 'never-ends';
type NodeStatus = 'CREATED' | 'RUNNING' | 'STOPPED' | 'DELETING';

export interface TopOptions {
  accesskey?: string;
  /** By id. Default: 610474 and 610475, which stand still. */
  nodes?: Record<number, NodeStatus>;
  /** ms that a command takes. Default 0. */
  takes?: number;
}

export interface Given {
  id: string;
  /** As `node_start`. */
  name: string;
  node: number;
  /** What was asked for, without accesskey and timestamp. */
  params: Record<string, string>;
  fate: Fate;
  /** Date.now() */
  at: number;
}

interface State {
  accesskey: string;
  nodes: Map<number, NodeStatus>;
  takes: number;
  /** All that ever were given, in order. */
  commands: Given[];
  /** What becomes of the next commands, by node; then all go well again. */
  fates: Record<number, Fate[]>;
}

/** The container service of Taobao's TOP (seed 003). Errors are another `code` than "0", with status 200. */
export async function topCloud({
  accesskey = 't9xuit3pt202ou09',
  nodes = { 610474: 'STOPPED', 610475: 'STOPPED' },
  takes = 0,
}: TopOptions = {}): Promise<{ cloud: Cloud } & State> {
  const all = new Map(Object.entries(nodes).map(([id, status]): [number, NodeStatus] => [Number(id), status]));
  const state: State = { accesskey, nodes: all, takes, commands: [], fates: {} };
  const route = (kind: string, method: string, path: string, answer: (state: State, asked: Asked) => Answer) => {
    return {
      kind,
      method,
      path: `/api/v1${path}`,
      answer: (asked: Asked) => checked(state, asked) ?? answer(state, asked),
    };
  };
  const cloud = await Cloud.serve([
    route('list', 'GET', '/node', list),
    route('get', 'GET', '/node/:id', get),
    route('start', 'POST', '/node/:id/start', give('node_start')),
    route('stop', 'POST', '/node/:id/stop', give('node_stop')),
    route('delete', 'DELETE', '/node/:id', give('node_delete')),
    route('upload', 'POST', '/node/:id/uploadStart', give('node_upload_start', 'url')),
    route('history', 'POST', '/node/:id/historyStart', give('node_history_start', 'version')),
    route('command', 'GET', '/command/:id', command),
  ]);
  return Object.assign(state, { cloud });
}

/** A quarter of an hour, in ms, that a timestamp may be away. */
const CLOCKS = 900_000;

/** What is wrong with the parameters that all requests have. */
function checked({ accesskey }: State, { query }: Asked): Answer | undefined {
  if (query.get('accesskey') !== accesskey) return refusal('401', 'invalid accesskey');
  const timestamp = Number(query.get('timestamp') ?? NaN);
  return Math.abs(Date.now() - timestamp) < CLOCKS ? undefined : refusal('402', 'invalid timestamp');
}

function answer(data: unknown): Answer {
  return { body: { code: '0', message: 'success', data } };
}

export function refusal(code: string, message: string): Answer {
  return { body: { code, message } };
}

function list(state: State): Answer {
  return answer([...state.nodes.keys()].map((id) => shown(state, id)));
}

function get(state: State, { params: { id = '' } }: Asked): Answer {
  return state.nodes.has(Number(id)) ? answer(shown(state, Number(id))) : refusal('404', `node ${id} not found`);
}

function give(name: string, needed?: string) {
  return (state: State, { params: { id = '' }, query }: Asked): Answer => {
    const node = Number(id);
    if (!state.nodes.has(node)) return refusal('404', `node ${id} not found`);
    const params = Object.fromEntries([...query].filter(([key]) => key !== 'accesskey' && key !== 'timestamp'));
    if (!['PARALLEL', 'SEQUENTIAL', undefined].includes(params['method'])) return refusal('400', 'invalid method');
    if (needed !== undefined && !params[needed]) return refusal('400', `${needed} is required`);
    const given = { id: commandId(state.commands.length + 1), name, node, params, at: Date.now() };
    state.commands.push({ ...given, fate: state.fates[node]?.shift() ?? 'ok' });
    return answer({ ...written(state, given.id), status: 'CREATED', result: '', resultMsg: '', activitys: [] });
  };
}

function command(state: State, { params: { id = '' } }: Asked): Answer {
  const found = written(state, id);
  return found ? answer(found) : refusal('404', `command ${id} not found`);
}

/** How far it is: PUBLISHED in the first half of its time, RUNNING in the second. */
function statusOf({ takes }: State, { fate, at }: Given): string {
  if (fate === 'publish-failed') return 'PUBLISH_FAILED';
  const age = Date.now() - at;
  if (age < takes / 2) return 'PUBLISHED';
  return fate === 'never-ends' || age < takes ? 'RUNNING' : 'DONE';
}

function written(state: State, id: string) {
  const given = state.commands.find((one) => one.id === id);
  if (!given) return undefined;
  const [status, isWell] = [statusOf(state, given), given.fate === 'ok'];
  const isDone = status === 'DONE';
  return {
    commandId: id,
    name: given.name,
    status,
    result: isDone ? (isWell ? '200' : '500') : '',
    resultMsg: status === 'PUBLISH_FAILED' ? 'no agent' : isDone && !isWell ? 'container exited' : '',
    createTime: '2016-06-27 09:21:36',
    endTime: isDone ? '2016-06-27 09:21:40' : '',
    activitys: ['RUNNING', 'DONE'].includes(status) ? activities(isDone, isWell) : [],
  };
}

function activities(isDone: boolean, isWell: boolean) {
  const last = isDone ? (isWell ? 'SUCCESS' : 'FAIL') : 'RUNNING';
  return [
    {
      name: 'container',
      code: '16634',
      steps: [
        { stepName: 'pull image', status: 'SUCCESS', msg: '' },
        { stepName: 'start container', status: last, msg: last === 'FAIL' ? 'exit code 1' : '' },
      ],
    },
  ];
}

/** Its commands have the effect when they are done. */
function shown(state: State, id: number) {
  const done = state.commands.filter(
    (given) => given.node === id && given.fate === 'ok' && statusOf(state, given) === 'DONE',
  );
  const running = state.commands.some((given) => given.node === id && statusOf(state, given) === 'RUNNING');
  const status = EFFECTS[done.at(-1)?.name ?? ''] ?? state.nodes.get(id) ?? 'CREATED';
  const word = status === 'RUNNING' ? 'RUNNING' : running ? 'STARTING' : 'STOPPED';
  const container = { id: id * 10 + 1, nodeId: id, status: word, hostId: 3505, cpu: 0, mem: 1024, disk: 10240 };
  return {
    id,
    name: '正式环境',
    imageName: 'registry.acs.aliyun.com/open/tomcat7:3.0.0',
    status,
    serviceId: 12209,
    createTime: '2016-06-23 17:56:00',
    containers: [container],
  };
}

const EFFECTS: Partial<Record<string, NodeStatus>> = {
  node_start: 'RUNNING',
  node_stop: 'STOPPED',
  node_delete: 'DELETING',
  node_upload_start: 'RUNNING',
  node_history_start: 'RUNNING',
};

/** As `6762ccf2-31ef-4917-9e8c-03dd6a510097`. */
function commandId(nth: number): string {
  return `6762ccf2-31ef-4917-9e8c-${String(nth).padStart(12, '0')}`;
}
