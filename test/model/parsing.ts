import { Invalid } from '../../model/parse/index.ts';

/** The lines of the refusal; nothing when it is not refused. */
export function problems(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof Invalid) return error.message.split('\n');
    throw error;
  }
}
