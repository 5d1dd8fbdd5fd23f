import { badInput } from '../failure.ts';

/** JSON as an option has it. Throws a failure that names the option. */
export function readJson(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badInput(`${option} ${text}: ${error instanceof Error ? error.message : String(error)}, expected JSON`);
  }
}
