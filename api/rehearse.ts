import type { Actor } from '../model/actor.ts';
import type { Catalogue, Edit } from '../store/catalogue/types.ts';

/** Ends a rehearsal, so that its transaction is undone. */
class Rehearsed<Result> extends Error {
  readonly result: Result;

  constructor(result: Result) {
    super('a rehearsal is over');
    this.result = result;
  }
}

/** A change of the catalogue; as a rehearsal it is made, with everything that would refuse it, and undone. */
export async function changeOrRehearse<Result>(
  catalogue: Catalogue,
  { actor, isRehearsal }: { actor: Actor; isRehearsal: boolean },
  work: (edit: Edit) => Promise<Result>,
): Promise<Result> {
  if (!isRehearsal) return catalogue.change(actor, work);
  try {
    return await catalogue.change<Result>(actor, async (edit) => {
      throw new Rehearsed(await work(edit));
    });
  } catch (error) {
    if (error instanceof Rehearsed) return error.result as Result;
    throw error;
  }
}
