import { Option } from '@commander-js/extra-typings';
import type { AutoscaleAnswer } from '../print/autoscale.ts';
import { bareCommand, collect, command, examples } from '../command.ts';

/** Pools that grow and shrink by their load. */
export function autoscaleCommand() {
  const autoscale = bareCommand('autoscale', 'have pools grow and shrink by their load');
  for (const one of [set(), show(), pause(), resume(), remove()]) autoscale.addCommand(one);
  return autoscale;
}

function set() {
  return command('set', 'have a pool scaled by a metric; what was set before is replaced as a whole')
    .argument('<pool>', "the pool's name")
    .option('--prometheus <url>', 'where Prometheus is, as http://prometheus:9090')
    .option('--query <promql>', 'what to ask it: one number, as avg(rate(http_requests_total[1m]))')
    .option('--json-url <url>', 'or any JSON over HTTP, in place of Prometheus')
    .option('--path <path>', 'to the number in it, as data.load[0]')
    .option('--header <name: value>', 'for either; secrets as "Bearer {{secret:NAME}}"; may be repeated', collect, [])
    .requiredOption('--target <value>', 'what the metric should be for each node')
    .requiredOption('--min <n>', 'nodes at least')
    .requiredOption('--max <n>', 'nodes at most')
    .addOption(
      new Option('--of <what>', 'the metric is an average over the nodes (default), or the total of all').choices([
        'average',
        'total',
      ]),
    )
    .option('--tolerance <share>', 'no action while the metric is within this share of the target; default 0.1')
    .option('--every <duration>', 'between two readings; default 30s')
    .option('--step-up <n>', 'nodes to grow by at once, at most; default 4')
    .option('--step-down <n>', 'nodes to shrink by at once, at most; default 1')
    .option('--cooldown-up <duration>', 'after any change of the pool, no growth for so long; default 1m')
    .option('--cooldown-down <duration>', 'after any change of the pool, no shrink for so long; default 10m')
    .addHelpText(
      'after',
      examples(
        'drover autoscale set web --prometheus http://prometheus:9090 --query \'avg(rps{service="web"})\' --target 100 --min 2 --max 20',
        'drover autoscale set web --json-url http://lb:8080/stats --path load.total --of total --target 100 --min 2 --max 20',
      ),
    )
    .action(async (name, { json, server, ...options }) => {
      const { autoscaleSettings } = await import('../input/autoscale.ts');
      const settings = autoscaleSettings(options);
      const { Api } = await import('../server/api.ts');
      await print({ json }, await new Api(server).send<AutoscaleAnswer>('PUT', path(name), settings));
    });
}

function show() {
  return command('show', 'show how a pool is scaled, what was read last, and what came of it')
    .argument('<pool>', "the pool's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      await print({ json }, await new Api(server).get<AutoscaleAnswer>(path(name)));
    });
}

function pause() {
  return steering('pause', 'start nothing more; a task that is under way goes on');
}

function resume() {
  return steering('resume', 'scale a pool by its load again');
}

function steering(what: 'pause' | 'resume', description: string) {
  return command(what, description)
    .argument('<pool>', "the pool's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      const answer = await new Api(server).send<AutoscaleAnswer>('POST', path(name, `/${what}`));
      const { out, remark } = await import('../print/out.ts');
      remark(`${what}: the autoscaler of ${name} is told`);
      if (json) out({ json }, answer, () => '');
    });
}

function remove() {
  return command('remove', 'scale a pool by its load no more; its nodes stay')
    .argument('<pool>', "the pool's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      await new Api(server).send('DELETE', path(name));
      const { out, remark } = await import('../print/out.ts');
      remark(`${name} is scaled by its load no more`);
      if (json) out({ json }, { removed: name }, () => '');
    });
}

async function print(options: { json: true | undefined }, answer: AutoscaleAnswer): Promise<void> {
  const { out } = await import('../print/out.ts');
  const { autoscaleText } = await import('../print/autoscale.ts');
  out(options, answer, () => autoscaleText(answer));
}

function path(name: string, rest = ''): string {
  return `/api/v1/pools/${encodeURIComponent(name)}/autoscale${rest}`;
}
