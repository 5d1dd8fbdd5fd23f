import type { FastifyRequest } from 'fastify';
import { mayDo } from '../../model/actor.ts';
import type { App } from '../app.ts';
import { Denied, deny } from './denied.ts';
import type { Gate } from './gate.ts';

/** Lets a request through to its route when whoever asks may do that; `request.actor` says who it is. */
export function askWho(app: App, gate: Gate): void {
  app.addHook('onRequest', async (request, reply) => {
    // What is not there needs no permission: 404 for everybody.
    if (request.is404) return;
    try {
      await admit(request, gate);
    } catch (error) {
      if (!(error instanceof Denied)) throw error;
      return deny(request, reply, error);
    }
  });
}

async function admit(request: FastifyRequest, gate: Gate): Promise<void> {
  const { access } = request.routeOptions.config;
  if (access === 'public') {
    request.actor = gate.nobody(request);
    return;
  }
  const actor = await gate.actorOf(request);
  request.actor = actor;
  // A route without a rule is never registered (rule.ts); were there one, it would be an admin's.
  const needed = access ?? 'admin';
  if (!mayDo(actor.role, needed))
    throw new Denied(403, `${actor.name} is ${article(actor.role)}, and this needs ${article(needed)}`);
}

function article(role: string): string {
  return /^[ao]/.test(role) ? `an ${role}` : `a ${role}`;
}
