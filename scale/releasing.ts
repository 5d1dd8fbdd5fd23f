import { isTrouble, orTrouble } from './polling.ts';
import { type Machine, Refused } from './provider.ts';

/**
 * Asks for machines to be taken back. A vendor may refuse because some are gone already, and to a wrong path the answer is just
 * the same (404), so the list tells: those that are still there are asked for again. Throws what `ask` throws when it makes
 * no difference.
 */
export async function releaseListed(
  ids: readonly string[],
  ask: (ids: readonly string[]) => Promise<void>,
  list: () => Promise<Machine[]>,
): Promise<void> {
  // To some vendors no ids at all are not none.
  if (ids.length === 0) return;
  const trouble = await orTrouble(() => ask(ids));
  if (!isTrouble(trouble)) return;
  const listed = await orTrouble(list);
  if (isTrouble(listed)) throw trouble;
  const left = listed.filter(({ id, status }) => ids.includes(id) && status !== 'gone' && status !== 'leaving');
  if (left.length === 0) return;
  if (!(trouble instanceof Refused) || left.length === ids.length) throw trouble;
  await ask(left.map(({ id }) => id));
}
