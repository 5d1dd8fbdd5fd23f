import { Option } from '@commander-js/extra-typings';
import type { PoolVerb } from '../../model/parse/pool-requests.ts';
import { CHOICES } from '../../model/pool/pool.ts';
import { collect, command, examples } from '../command.ts';
import type { PoolActionOptions } from '../input/pool-action.ts';
import { poolPath } from '../server/pool-path.ts';

/** What can be done with a pool: each starts a task, which waits for its turn with the pool. */
export function poolActionCommands() {
  return [expand(), shrink(), deploy(), release()];
}

function expand() {
  return action('expand', 'add nodes to a pool, on machines of its provider')
    .option('--count <n>', 'so many more')
    .option('--to <n>', 'up to so many')
    .addHelpText(
      'after',
      examples('drover pool expand web --count 4 --param tag=1.4.2', 'drover pool expand web --to 20'),
    )
    .action((name, options) => start('expand', name, options));
}

function shrink() {
  return action('shrink', 'take nodes out of a pool, and give their machines back')
    .option('--count <n>', 'so many fewer')
    .option('--to <n>', 'down to so many')
    .option('--node <name>', 'this one; may be repeated', collect, [])
    .addOption(
      new Option(
        '--choose <which>',
        'newest (default), oldest, or scheduled: those that a schedule made, first',
      ).choices(CHOICES),
    )
    .addHelpText(
      'after',
      examples('drover pool shrink web --count 2', 'drover pool shrink web --node web-7 --node web-9'),
    )
    .action((name, options) => start('shrink', name, options));
}

function deploy() {
  return action('deploy', "run a pool's deploy template on its nodes")
    .option('--node <name>', 'not on all, but on this one; may be repeated', collect, [])
    .addHelpText('after', examples('drover pool deploy web --param tag=1.4.3 --batch 20%'))
    .action((name, options) => start('deploy', name, options));
}

function release() {
  return action('release', 'give back machines that were made for a pool and are none of its nodes')
    .option('--machine <id>', "not all of them, but this one, by the vendor's id; may be repeated", collect, [])
    .addHelpText('after', examples('drover pool show web', 'drover pool release web --machine i-0a1b2c'))
    .action((name, options) => start('release', name, options));
}

/** A command with what all of them have. */
function action(verb: PoolVerb, description: string) {
  return command(verb, `${description}; follows the task to its end`)
    .argument('<name>', "the pool's name")
    .option('--param <name=value>', "a parameter of the template's; may be repeated", collect, [])
    .option('--batch <n|n%>', 'nodes in flight at most; repeated: the smaller counts', collect, [])
    .option('--order <order>', 'step: all nodes of a batch finish a step before the next; node: each runs through')
    .option('--lanes <n>', 'parts of a batch that advance on their own (1: strict batches)')
    .option('--canary <n>', "the first batch's size")
    .option('--bake <duration>', 'wait between batches, as 30s')
    .option('--max-failures <n|n%>', 'the failure budget: spent when failures exceed it')
    .option('--on-budget <action>', 'when it is spent: pause, stop or continue')
    .option('--name <name>', "the task's name; made from the pool's when not given")
    .option('--now', 'end with exit code 6, in place of waiting, when another task has the pool')
    .option('--detach', 'start it and return');
}

interface ActionOptions extends PoolActionOptions {
  json?: true | undefined;
  server: string;
  detach?: true | undefined;
}

async function start(verb: PoolVerb, pool: string, options: ActionOptions): Promise<void> {
  const { readPoolAction } = await import('../input/pool-action.ts');
  const body = readPoolAction(verb, pool, options);
  const { Api } = await import('../server/api.ts');
  const { startAndFollow } = await import('../follow/start.ts');
  await startAndFollow(new Api(options.server), { path: poolPath(pool, `/${verb}`), body }, options);
}
