import { CommanderError } from '@commander-js/extra-typings';
import { EXIT, Failure } from './failure.ts';
import { buildProgram } from './program.ts';

/** The command line, whole. Exits when done. */
export async function main(argv: string[]): Promise<never> {
  endQuietlyWithoutReader();
  process.exit(await exitCodeOf(argv));
}

async function exitCodeOf(argv: string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure = await failureOf(error);
    tell(failure, { json: argv.includes('--json'), toldAlready: error instanceof CommanderError });
    return failure.exitCode;
  }
}

async function failureOf(error: unknown): Promise<Failure> {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError)
    return new Failure(EXIT.badInput, 'usage', error.message.replace(/^error: /, ''));
  const { Invalid } = await import('../model/parse/problem.ts');
  if (error instanceof Invalid) return new Failure(EXIT.badInput, 'invalid', error.message, error.problems);
  const message = error instanceof Error ? error.message : String(error);
  return new Failure(
    EXIT.taskFailed,
    'internal',
    process.env['DROVER_DEBUG'] && error instanceof Error ? (error.stack ?? message) : message,
  );
}

function tell({ code, message, problems }: Failure, how: { json: boolean; toldAlready: boolean }): void {
  if (!how.toldAlready) process.stderr.write(`${message}\n`);
  const body = { code, message, ...(problems.length > 0 && { problems }) };
  if (how.json) process.stdout.write(`${JSON.stringify({ error: body }, null, 2)}\n`);
}

/** `drover logs … | head` ends when head does. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
}
