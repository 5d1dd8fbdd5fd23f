import type { Problem } from '../model/parse/problem.ts';

/** What the shell learns; fixed for scripts. */
export const EXIT = {
  ok: 0,
  taskFailed: 1,
  badInput: 2,
  stopped: 3,
  unreachable: 4,
  notAllowed: 5,
  busy: 6,
} as const;

/** Ends the command with a message for the person who typed it. */
export class Failure extends Error {
  readonly exitCode: number;
  /** One word for scripts that read `--json`. */
  readonly code: string;
  readonly problems: Problem[];

  constructor(exitCode: number, code: string, message: string, problems: Problem[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
    this.problems = problems;
  }
}

export function badInput(message: string): Failure {
  return new Failure(EXIT.badInput, 'invalid', message);
}
