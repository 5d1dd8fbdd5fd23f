import { bareCommand, command, examples } from '../command.ts';
import type { PoolList, PoolView } from '../print/pool.ts';
import { poolPath } from '../server/pool-path.ts';
import { poolActionCommands } from './pool-actions.ts';

/** Pools of the catalogue, and their nodes. */
export function poolCommand() {
  const pool = bareCommand('pool', 'the pools of the catalogue, and their nodes');
  for (const one of [list(), show(), add(), remove(), ...poolActionCommands()]) pool.addCommand(one);
  return pool;
}

function list() {
  return command('list', 'list pools by name')
    .option('--service <name>', 'only those of this service')
    .option('--search <text>', 'only those with this in their name or description')
    .option('--limit <n>', 'at most so many', '100')
    .action(async ({ json, server, service, search, limit }) => {
      const { Api, withQuery } = await import('../server/api.ts');
      const pools = await new Api(server).get<PoolList>(withQuery('/api/v1/pools', { service, search, limit }));
      const { out } = await import('../print/out.ts');
      const { poolTable } = await import('../print/pool.ts');
      out({ json }, pools, () => poolTable(pools));
    });
}

function show() {
  return command('show', 'show a pool: its nodes, who has it and who waits for it, machines not given back')
    .argument('<name>', "the pool's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      const pool = await new Api(server).get<PoolView>(poolPath(name));
      const { out } = await import('../print/out.ts');
      const { poolText } = await import('../print/pool.ts');
      out({ json }, pool, () => poolText(pool));
    });
}

function add() {
  return command('add', 'add nodes to a pool')
    .argument('<name>', "the pool's name")
    .requiredOption('--nodes <file|hosts>', 'a nodes file, or hosts separated by commas')
    .addHelpText('after', examples('drover pool add web --nodes web-05.example.net,web-06.example.net'))
    .action(async (name, { json, server, nodes }) => {
      const { readNodes } = await import('../input/nodes.ts');
      const added = readNodes(nodes);
      const { Api } = await import('../server/api.ts');
      const answer = await new Api(server).send<object>('POST', poolPath(name, '/nodes'), { nodes: added });
      await tell({ json }, answer, `${added.length === 1 ? '1 node' : `${added.length} nodes`} added to ${name}`);
    });
}

function remove() {
  return command('remove', 'remove nodes from a pool; what runs on them goes on, and machines stay (see shrink)')
    .argument('<name>', "the pool's name")
    .requiredOption('--nodes <names>', 'names of its nodes, separated by commas')
    .addHelpText('after', examples('drover pool remove web --nodes web-05,web-06'))
    .action(async (name, { json, server, nodes }) => {
      const names = nodes.split(',').map((one) => one.trim());
      const { Api } = await import('../server/api.ts');
      const answer = await new Api(server).send<object | undefined>('DELETE', poolPath(name, '/nodes'), { names });
      await tell({ json }, answer ?? { removed: names }, `${names.join(', ')} removed from ${name}`);
    });
}

async function tell(options: { json: true | undefined }, answer: object, text: string): Promise<void> {
  const { out } = await import('../print/out.ts');
  out(options, answer, () => text);
}
