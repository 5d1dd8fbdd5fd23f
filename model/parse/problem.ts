/** One thing wrong with an input. `path` as `steps[1].actions[0].docker.run.ports[0]`, empty for the whole. */
export interface Problem {
  file?: string;
  line?: number;
  path: string;
  /** What is wrong. */
  message: string;
  expected?: string;
}

/** An input is refused. The message lists every problem, one a line: `file:line: path: what, expected …`. */
export class Invalid extends Error {
  readonly problems: Problem[];

  constructor(problems: Problem[]) {
    super(problems.map(sentence).join('\n'));
    this.name = 'Invalid';
    this.problems = problems;
  }
}

function sentence({ file, line, path, message, expected }: Problem): string {
  const place = file === undefined ? '' : `${file}:${line ?? 1}: `;
  return `${place}${path === '' ? '' : `${path}: `}${message}${expected === undefined ? '' : `, expected ${expected}`}`;
}

/** A value in a problem: short, and on one line. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) as string | undefined);
  if (text === undefined) return typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
