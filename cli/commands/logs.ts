import { badInput } from '../failure.ts';
import { command, examples } from '../command.ts';
import { Api, taskPath } from '../server/api.ts';

export function logsCommand() {
  return command('logs', "print a task's log, each line after its node's name")
    .argument('<name>', "the task's name")
    .option('--node <node>', "only this node's, without its name")
    .option('--step <step>', "only this step's")
    .option('--follow', 'go on printing until the task ends')
    .option('--raw', "the commands' bytes as they are")
    .addHelpText('after', examples('drover logs web-1.4.2 --node web-01', 'drover logs web-1.4.2 --follow'))
    .action(async (name, { json, server, node, step, follow, raw }) => {
      if (json && (follow || raw)) throw badInput('--json goes neither with --follow nor with --raw');
      const given = { node, step, raw: raw && '1', follow: follow && '1', format: json && 'json' };
      const entries = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const path = taskPath(name, `/log?${new URLSearchParams(entries).toString()}`);
      const { followLog, printLog } = await import('../follow/log.ts');
      await (follow ? followLog(new Api(server), path, { raw: raw === true }) : printLog(new Api(server), path));
    });
}
