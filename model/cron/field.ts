/** One of the five fields of a crontab's line. */
export interface FieldShape {
  name: string;
  least: number;
  most: number;
  /** Names of the values from `least` on. */
  names?: readonly string[];
}

export interface FieldProblem {
  message: string;
  expected: string;
}

/** The values of a list as `1-5,10-30/10,mon`, ascending, each once; or what is wrong with each of its parts. */
export function readField(text: string, shape: FieldShape): { values: number[] } | { problems: FieldProblem[] } {
  const parts = text.split(',').map((part) => readPart(part, shape));
  const problems = parts.flatMap((part) => ('problem' in part ? [part.problem] : []));
  if (problems.length > 0) return { problems };
  const values = parts.flatMap((part) => ('values' in part ? part.values : []));
  return { values: [...new Set(values)].sort((a, b) => a - b) };
}

type Part = { values: number[] } | { problem: FieldProblem };

/** `*`, a value, a range, and of the first and the last a step: `0-30/10`. */
function readPart(text: string, shape: FieldShape): Part {
  const wrong = (expected = valuesOf(shape)): Part => ({
    problem: { message: `${shape.name} has ${JSON.stringify(text)}`, expected },
  });
  if (text.includes('~')) return wrong('a time that is known: ~ would pick a random one');
  const [, body = '', stepText] = /^([^/]*)(?:\/(\d{1,4}))?$/.exec(text) ?? [];
  const [from, to] = body === '*' ? [shape.least, shape.most] : rangeOf(body, shape);
  if (from === undefined || to === undefined) return wrong();
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step === 0) return wrong('a step of 1 or more');
  if (stepText !== undefined && body !== '*' && !body.includes('-'))
    return wrong(`a range before the step, as ${from}-${shape.most}/${step}`);
  if (from > to) return wrong('a range from less to more; of two ranges with a comma between them');
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return { values };
}

function rangeOf(text: string, shape: FieldShape): (number | undefined)[] {
  const [first = '', last, ...more] = text.split('-');
  if (more.length > 0) return [];
  const from = valueOf(first, shape);
  if (last === undefined) return [from, from];
  const to = valueOf(last, shape);
  // sat-sun: at the end of a range Sunday is 7.
  return [from, to === 0 && shape.most === 7 && from !== 0 ? 7 : to];
}

function valueOf(text: string, { least, most, names = [] }: FieldShape): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return least + named;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function valuesOf({ least, most, names }: FieldShape): string {
  const named = names ? ` or ${names[0] ?? ''} to ${names.at(-1) ?? ''}` : '';
  return `${least} to ${most}${named}; *, ranges (a-b), steps (*/n, a-b/n) and lists (a,b)`;
}
