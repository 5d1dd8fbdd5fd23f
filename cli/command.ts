import { Command, Option } from '@commander-js/extra-typings';

export const DEFAULT_SERVER = 'http://127.0.0.1:7610';

/** A command with what every command has. */
export function command(name: string, description: string) {
  return bareCommand(name, description)
    .option('--json', 'print one JSON document on stdout, and nothing else there')
    .addOption(
      new Option('--server <url>', "the Drover server's address").env('DROVER_SERVER').default(DEFAULT_SERVER),
    );
}

/** For commands that are a server themselves. */
export function bareCommand(name: string, description: string) {
  return new Command(name)
    .description(description)
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .helpCommand(false);
}

/** Servers and workers that belong together have the same. */
export function taskQueueOption() {
  return new Option('--task-queue <name>', "the workers' task queue in Temporal")
    .env('DROVER_TASK_QUEUE')
    .default('drover');
}

/** For options that may be given several times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}
