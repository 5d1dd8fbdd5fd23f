import type { Role } from '../../model/actor.ts';
import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { Call } from './call.ts';
import { successText, type Reply } from './envelope.ts';

/** A URL of OpenDCP's, as `/pool/:id/list_nodes`, and who answers it. */
export interface Route {
  path: string;
  access: Extract<Role, 'viewer' | 'operator'>;
  /** OpenDCP takes any text as the id, and says itself what is wrong with it; elsewhere it takes digits only. */
  takesAnyId?: true;
  answer: (call: Call) => Promise<Reply> | Reply;
}

/** OpenDCP takes any method for any URL. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

export function addRoute(routes: App, parts: Parts, { path, access, answer, takesAnyId }: Route): void {
  const numbers = takesAnyId ? [] : [...path.matchAll(/:(\w+)/g)].map(([, key = '']) => key);
  for (const url of spellings(path))
    routes.route({
      method: METHODS,
      url,
      config: { access, opendcp: true },
      schema: { hide: true },
      handler: async (request, reply) => {
        const call = new Call(parts, request);
        for (const key of numbers) call.number(key);
        return reply.type('application/json; charset=utf-8').send(successText(await answer(call)));
      },
    });
}

/** A slash at the end is taken, and `.json` after a fixed word. */
function spellings(path: string): string[] {
  if (path.endsWith('*')) return [path];
  const isWord = !path.slice(path.lastIndexOf('/')).startsWith('/:');
  return [path, `${path}/`, ...(isWord ? [`${path}.json`] : [])];
}
