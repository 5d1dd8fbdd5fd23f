import type { Problems } from './problems.ts';

/** `k=v` options; the value may hold anything, `=` too. */
export function readParams(options: readonly string[], problems: Problems): Record<string, string> {
  const params: Record<string, string> = {};
  for (const option of options) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(option) ?? [];
    if (name === undefined || value === undefined) {
      problems.add({ path: '--param', message: `${JSON.stringify(option)} has no name`, expected: 'name=value' });
    } else if (Object.hasOwn(params, name)) {
      problems.add({ path: '--param', message: `${name} is given twice` });
    } else {
      params[name] = value;
    }
  }
  return params;
}
