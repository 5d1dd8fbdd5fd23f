/** The shape of a secret's name: it also names an environment variable or a file, so nothing that walks out of a folder. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
export const SECRET_NAME_SHAPE = 'secret:NAME, NAME being 1-100 letters, digits or . _ -';

/** Whether the whole value refers to a secret, well or badly. */
export function isSecretReference(value: string): boolean {
  return value.startsWith('secret:');
}

/** NAME of `secret:NAME`; undefined when the value is no such reference. */
export function secretName(value: string): string | undefined {
  const name = isSecretReference(value) ? value.slice('secret:'.length) : '';
  return NAME.test(name) ? name : undefined;
}

const PLACES = /\{\{secret:([\w.-]*)\}\}/g;

/** The secrets that a text to be sent refers to: as a whole by `secret:NAME`, or in places by `{{secret:NAME}}`. */
export function secretsIn(text: string): string[] {
  const whole = secretName(text);
  if (whole !== undefined) return [whole];
  return [...text.matchAll(PLACES)].flatMap(([, name = '']) => secretName(`secret:${name}`) ?? []);
}

/** The text with their values in their places. */
export function withSecrets(text: string, values: ReadonlyMap<string, string>): string {
  const whole = secretName(text);
  if (whole !== undefined) return values.get(whole) ?? '';
  return text.replaceAll(PLACES, (place, name: string) => values.get(name) ?? place);
}

/**
 * The shell variable that a rendered command reads a secret from. No two names share one: names that are no variable names
 * get `__`, which no other name begins with, and their odd characters in hexadecimal.
 */
export function secretVariable(name: string): string {
  if (/^[A-Za-z0-9]\w*$/.test(name)) return `DROVER_SECRET_${name}`;
  const escaped = name.replace(/[^A-Za-z0-9]/g, (char) =>
    char === '_' ? '__' : `_${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `DROVER_SECRET__${escaped}`;
}
