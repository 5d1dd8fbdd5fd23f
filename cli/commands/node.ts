import type { TaskView } from '../../model/task.ts';
import { bareCommand, command, examples } from '../command.ts';
import type { NodeList } from '../print/node.ts';

const NODE = 'its id, POOL/NAME, or its name when one pool alone has it';

/** The nodes of all pools: rotation, restarts, what is kept with them. */
export function nodeCommand() {
  const node = bareCommand('node', 'the nodes of all pools, and whether they are in rotation');
  for (const one of [list(), show(), drain(), undrain(), restart(), meta()]) node.addCommand(one);
  return node;
}

function list() {
  return command('list', 'list nodes')
    .option('--pool <name>', 'only those of this pool')
    .option('--type <type>', 'only those of services of this type')
    .option('--status <status>', 'only those that are active, failed, draining or drained')
    .option('--limit <n>', 'at most so many', '1000')
    .action(async ({ json, server, pool, type, status, limit }) => {
      const { Api, withQuery } = await import('../server/api.ts');
      const nodes = await new Api(server).get<NodeList>(withQuery('/api/v1/nodes', { pool, type, status, limit }));
      const { nodeTable } = await import('../print/node.ts');
      await tell({ json }, nodes, nodeTable(nodes));
    });
}

function show() {
  return command('show', 'show a node')
    .argument('<node>', NODE)
    .action(async (what, { json, server }) => {
      const { node } = await found(server, what);
      const { nodeText } = await import('../print/node.ts');
      await tell({ json }, node, nodeText(node));
    });
}

function drain() {
  return command(
    'drain',
    'take a node out of rotation, and wait until no task has it; then exit 0, or 6 when it takes too long',
  )
    .argument('<node>', NODE)
    .option('--timeout <duration>', 'wait as long as that; 0s: only look', '30s')
    .addHelpText('after', examples('drover node drain web/web-03 --timeout 5m'))
    .action(async (what, { json, server, timeout }) => {
      const { readTimeout } = await import('../input/time.ts');
      const within = readTimeout('--timeout', timeout);
      const { api, node } = await found(server, what);
      const { drainNode, nodePath } = await import('../server/nodes.ts');
      await drainNode(api, node, within);
      await tell({ json }, await api.get(nodePath(node.id)), `${node.name} is drained: no task takes it`);
    });
}

function undrain() {
  return command('undrain', 'take a node into rotation again, whoever took it out')
    .argument('<node>', NODE)
    .action(async (what, { json, server }) => {
      const { api, node } = await found(server, what);
      const { nodePath } = await import('../server/nodes.ts');
      await api.send('POST', nodePath(node.id, '/undrain'));
      await tell({ json }, await api.get(nodePath(node.id)), `${node.name} is in rotation`);
    });
}

function restart() {
  return command('restart', "restart a node: by its pool's template `restart`, else by its provider")
    .argument('<node>', NODE)
    .option('--detach', 'start it and return')
    .action(async (what, { json, server, detach }) => {
      const { api, node } = await found(server, what);
      const { nodePath } = await import('../server/nodes.ts');
      const { randomUUID } = await import('node:crypto');
      const key = { 'idempotency-key': randomUUID() };
      const { task } = await api.send<{ task: string }>('POST', nodePath(node.id, '/restart'), undefined, key);
      const { remark } = await import('../print/out.ts');
      const { taskPath } = await import('../server/api.ts');
      const started = await api.get<TaskView>(taskPath(task));
      remark(`${task} is started${detach ? `:\n  drover watch ${task}` : ''}`);
      if (detach) return tell({ json }, started, task);
      const { followToEnd } = await import('../follow/index.ts');
      await followToEnd(api, started, { json, from: 'beginning' });
    });
}

function meta() {
  return command('meta', 'print what is kept with a node, or put something there')
    .argument('<node>', NODE)
    .option('--set <json>', 'in place of what is there; null: nothing')
    .addHelpText('after', examples(`drover node meta web/web-03 --set '{"rack": "r1"}'`))
    .action(async (what, { server, set }) => {
      const { readJson } = await import('../input/json.ts');
      const wanted = set === undefined ? undefined : { meta: readJson('--set', set) };
      const { api, node } = await found(server, what);
      const { nodePath } = await import('../server/nodes.ts');
      const path = nodePath(node.id, '/meta');
      const kept = wanted ? await api.send<Meta>('PUT', path, wanted) : await api.get<Meta>(path);
      await tell({ json: true }, kept.meta, '');
    });
}

interface Meta {
  meta: unknown;
}

async function found(server: string, what: string) {
  const { Api } = await import('../server/api.ts');
  const { findNode } = await import('../server/nodes.ts');
  const api = new Api(server);
  return { api, node: await findNode(api, what) };
}

async function tell(options: { json: true | undefined }, answer: unknown, text: string): Promise<void> {
  const { out } = await import('../print/out.ts');
  out(options, answer, () => text);
}
