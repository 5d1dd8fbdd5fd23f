import { packageVersion } from '../embedded/version.ts';
import { bareCommand, examples } from './command.ts';
import { applyCommand } from './commands/apply.ts';
import { auditCommand } from './commands/audit.ts';
import { autoscaleCommand } from './commands/autoscale.ts';
import { devCommand } from './commands/dev.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { logsCommand } from './commands/logs.ts';
import { nodeCommand } from './commands/node.ts';
import { poolCommand } from './commands/pool.ts';
import { rolloutCommand } from './commands/rollout.ts';
import { runCommand } from './commands/run.ts';
import { scheduleCommand } from './commands/schedule.ts';
import { serverCommand } from './commands/server.ts';
import { showCommand } from './commands/show.ts';
import { steerCommands } from './commands/steer.ts';
import { tasksCommand } from './commands/tasks.ts';
import { templateCommand } from './commands/template.ts';
import { tokenCommand } from './commands/token.ts';
import { validateCommand } from './commands/validate.ts';
import { watchCommand } from './commands/watch.ts';
import { workerCommand } from './commands/worker.ts';

/** Every command with its options. What a command needs to do its work it loads when it runs, so that the others start fast. */
export function buildProgram() {
  const program = bareCommand('drover', 'Runs work on fleets of machines, durably.').version(packageVersion());
  const commands = [
    runCommand(),
    tasksCommand(),
    showCommand(),
    watchCommand(),
    logsCommand(),
    ...steerCommands(),
    rolloutCommand(),
    validateCommand(),
    applyCommand(),
    exportCommand(),
    importCommand(),
    poolCommand(),
    autoscaleCommand(),
    nodeCommand(),
    scheduleCommand(),
    templateCommand(),
    tokenCommand(),
    auditCommand(),
    devCommand(),
    workerCommand(),
    serverCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  return program.addHelpText(
    'after',
    examples(
      'drover dev',
      'drover run web.yaml --nodes hosts.yaml --param tag=1.4.2 --batch 20%',
      'drover run web.yaml --nodes web-01.example.net,web-02.example.net --dry-run',
      'drover show web-1.4.2 --failed',
      'drover logs web-1.4.2 --node web-01 --follow',
      'drover retry web-1.4.2',
      'drover apply catalogue/ && drover run rolling --pool web --param tag=1.4.3',
    ),
  );
}
