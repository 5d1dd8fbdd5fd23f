import { isTrouble, orTrouble, type Trouble } from './polling.ts';
import { type Machine, Refused } from './provider.ts';

/** What came of machines that were to be put into service, for the list to tell: the vendor goes on calling them idle. */
export class Setbacks {
  readonly #reasons = new Map<string, string>();

  /**
   * Takes each of them, all at once. Throws Refused when none could be taken, and NotSent or Unclear when it is worth trying
   * again; else those that were refused are listed as failed.
   */
  async takeEach(ids: readonly string[], take: (id: string) => Promise<void>): Promise<void> {
    for (const id of ids) this.#reasons.delete(id);
    const troubles = await ofEach(ids, take);
    const refused = [...troubles].filter(([, trouble]) => trouble instanceof Refused);
    for (const [id, { message }] of refused) this.#reasons.set(id, message);
    const [first] = [...troubles.values()].filter((trouble) => !(trouble instanceof Refused));
    if (first) throw first;
    const [only] = refused;
    if (only && refused.length === ids.length) throw only[1];
  }

  listed(machines: readonly Machine[]): Machine[] {
    return machines.map((machine) => {
      const reason = machine.status === 'spare' ? this.#reasons.get(machine.id) : undefined;
      return reason === undefined ? machine : { ...machine, status: 'failed', detail: reason };
    });
  }
}

/** Gives each of them back, all at once. Throws the first trouble when all are through. */
export async function releaseEach(ids: readonly string[], release: (id: string) => Promise<void>): Promise<void> {
  const [first] = (await ofEach(ids, release)).values();
  if (first) throw first;
}

/** The troubles, in the order of the ids. */
async function ofEach(ids: readonly string[], attempt: (id: string) => Promise<void>): Promise<Map<string, Trouble>> {
  const came = await Promise.all(ids.map(async (id) => ({ id, of: await orTrouble(() => attempt(id)) })));
  return new Map(came.flatMap(({ id, of }) => (isTrouble(of) ? [[id, of]] : [])));
}
