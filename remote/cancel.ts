import { setTimeout as delay } from 'node:timers/promises';
import { ContactLost, messageOf, Refused, Unreachable } from './errors.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './node/session.ts';
import { nodeJobId, verbs } from './node/verbs.ts';
import type { Target } from './target.ts';

export type Cancelled = 'killed' | 'finished' | 'never-started';

const TRIES = 4;

/**
 * Kills a job that any process may have started, with all its children. One that the node never saw will not start any
 * more. Throws Unreachable.
 */
export async function cancelJob(fleet: Fleet, target: Target, jobId: string): Promise<Cancelled> {
  const contact = fleet.contact(target);
  const release = contact.hold();
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        const session = await contact.control();
        const answer = await askCancel(session, nodeJobId(jobId));
        session.giveBack();
        return answer;
      } catch (error) {
        if (error instanceof Refused || (error instanceof ContactLost && attempt === TRIES)) {
          throw new Unreachable(messageOf(error));
        }
        if (!(error instanceof ContactLost)) throw error;
      }
      await delay(200 * attempt * (0.5 + Math.random()));
    }
  } finally {
    release();
  }
}

/** Takes up to some seconds: TERM first, KILL two seconds later. Throws ContactLost, Refused; the session is closed then. */
export async function askCancel(session: Session, id: string): Promise<Cancelled> {
  try {
    const [, state] = await session.ask(verbs.cancel(id));
    return state === 'killed' || state === 'finished' ? state : 'never-started';
  } catch (error) {
    session.close();
    throw error;
  }
}
