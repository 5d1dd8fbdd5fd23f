import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Asked, Cloud } from './cloud.ts';

export interface CroupierCloudNode {
  id: string;
  /** Default `server`. */
  type?: string;
  /** Default `active`. */
  status?: string;
  /** Where it can be reached; its `ip`. */
  ip?: string;
  meta?: unknown;
  /** Nothing can be done with it. */
  isLocked?: boolean;
}

export interface CroupierOptions {
  token?: string;
  nodes?: readonly CroupierCloudNode[];
  /**
   * When a drain is answered: when what the node is at has ended, or its time is over (`when-drained`, the default), or as
   * croupier's own server does (`at-once`), where a node is `draining:SECONDS` for good.
   */
  answersDrain?: 'when-drained' | 'at-once';
  /** ms that a restart takes. Default 0. */
  restartTime?: number;
  /** What stands behind the nodes, as a balancer: a drain waits for `onDrain`, at most for its time. */
  onDrain?: (id: string) => Promise<void> | void;
  onUndrain?: (id: string) => Promise<void> | void;
  onRestart?: (id: string) => Promise<void> | void;
}

export interface ListedNode {
  id: string;
  name: string;
  type: string;
  status: string;
  ip: string;
  port: number;
  updatedAt: string;
}

interface Kept extends ListedNode {
  meta: unknown;
  isLocked: boolean;
}

interface State {
  /** By id; `status` may be set at any time. */
  nodes: Map<string, Kept>;
  options: CroupierOptions;
}

/** ms that a drain has when the request says nothing. */
const DRAINING = 30_000;

const COMMANDS = [
  { name: 'drain', description: 'takes the node out of rotation' },
  { name: 'restart', description: 'restarts the node' },
  { name: 'undrain', description: 'takes the node into rotation again' },
];

/**
 * croupier's node API (seed 002), with the fields and errors of its own server. An unknown node is its 500, as there.
 */
export async function croupierCloud(options: CroupierOptions = {}) {
  const { token = 'croupier-token', nodes = [] } = options;
  const state: State = { options, nodes: new Map(nodes.map((node) => [node.id, kept(node)])) };
  const route = (
    kind: string,
    method: string,
    path: string,
    answer: (state: State, asked: Asked) => Answer | Promise<Answer>,
  ) => ({
    kind,
    method,
    path: `/api/v1/nodes${path}`,
    answer: (asked: Asked) =>
      asked.headers.authorization === `Bearer ${token}`
        ? answer(state, asked)
        : refusal(401, 'unauthorized', 'missing or bad token'),
  });
  const cloud = await Cloud.serve([
    route('list', 'GET', '', list),
    route('commands', 'GET', '/commands', () => ({ body: { items: COMMANDS } })),
    route('drain', 'POST', '/:id/drain', drain),
    route('undrain', 'POST', '/:id/undrain', undrain),
    route('restart', 'POST', '/:id/restart', restart),
    route('meta', 'GET', '/:id/meta', (all, asked) => withNode(all, asked, ({ meta }) => ({ body: { meta } }))),
    route('put-meta', 'PUT', '/:id/meta', putMeta),
  ]);
  return { cloud, nodes: state.nodes };
}

function kept({
  id,
  type = 'server',
  status = 'active',
  ip = '',
  meta = {},
  isLocked = false,
}: CroupierCloudNode): Kept {
  return { id, name: id, type, status, ip, port: 0, updatedAt: new Date().toISOString(), meta, isLocked };
}

export function refusal(status: number, error: string, message: string): Answer {
  return { status, body: { error, message } };
}

const DONE: Answer = { body: { message: '操作成功' } };

/** `type` and `status` as they are written. */
function list({ nodes }: State, { query }: Asked): Answer {
  const items = [...nodes.values()].filter((node) =>
    (['type', 'status'] as const).every((key) => (query.get(key) ?? '') === '' || query.get(key) === node[key]),
  );
  return { body: { items: items.map(shown) } };
}

function shown({ id, name, type, status, ip, port, updatedAt }: Kept): ListedNode {
  return { id, name, type, status, ip, port, updatedAt };
}

function drain(state: State, asked: Asked): Answer | Promise<Answer> {
  const seconds = secondsIn(asked.body);
  return withNode(state, asked, async (node) => {
    become(node, seconds === undefined ? 'draining' : `draining:${seconds}`);
    if (state.options.answersDrain === 'at-once') {
      void state.options.onDrain?.(node.id);
      return DONE;
    }
    const timeout = seconds === undefined ? DRAINING : seconds * 1000;
    const isUp = new AbortController();
    await Promise.race([state.options.onDrain?.(node.id), delay(timeout, undefined, isUp).catch(() => undefined)]);
    isUp.abort();
    if (node.status.startsWith('draining')) become(node, 'drained');
    return DONE;
  });
}

function undrain(state: State, asked: Asked): Answer | Promise<Answer> {
  return withNode(state, asked, async (node) => {
    await state.options.onUndrain?.(node.id);
    become(node, 'active');
    return DONE;
  });
}

/** It comes back as it was. */
function restart(state: State, asked: Asked): Answer | Promise<Answer> {
  return withNode(state, asked, (node) => {
    const { status } = node;
    become(node, 'restarting');
    void comeBack(state, node, status);
    return DONE;
  });
}

async function comeBack({ options }: State, node: Kept, status: string): Promise<void> {
  await Promise.all([options.onRestart?.(node.id), delay(options.restartTime ?? 0, undefined, { ref: false })]);
  if (node.status === 'restarting') become(node, status);
}

function putMeta(state: State, asked: Asked): Answer | Promise<Answer> {
  return withNode(state, asked, (node) => {
    const body: Record<string, unknown> =
      typeof asked.body === 'object' && asked.body !== null ? { ...asked.body } : {};
    node.meta = body['meta'] ?? null;
    return { body: { meta: node.meta } };
  });
}

function withNode(
  { nodes }: State,
  { params: { id = '' } }: Asked,
  act: (node: Kept) => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  const node = nodes.get(id);
  if (!node) return refusal(500, 'internal_error', 'record not found');
  return node.isLocked ? refusal(403, 'forbidden', `${id} is locked`) : act(node);
}

function become(node: Kept, status: string): void {
  node.status = status;
  node.updatedAt = new Date().toISOString();
}

function secondsIn(body: unknown): number | undefined {
  const timeout: unknown = typeof body === 'object' && body !== null && 'timeout' in body ? body.timeout : undefined;
  return typeof timeout === 'number' && timeout > 0 ? timeout : undefined;
}
