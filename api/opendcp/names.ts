import { Refusal } from './refusal.ts';

/** Characters, not bytes: fifty Chinese ones fit. */
const LONGEST_NAME = 50;

/** Refuses (400) what OpenDCP's database does, and characters that would break a line of a log or a list. */
export function checkName(name: string, field = 'name'): string {
  const { length } = Array.from(name);
  if (length > LONGEST_NAME)
    throw new Refusal(400, `${field} is too long: ${length} characters, at most ${LONGEST_NAME}`);
  if (/[\u{10000}-\u{10FFFF}]/u.test(name))
    throw new Refusal(400, `${field} has a character of four bytes, which names cannot have`);
  if (/\p{Cc}/u.test(name)) throw new Refusal(400, `${field} has a control character, which names cannot have`);
  return name;
}
