import type { App } from './app.ts';
import { ApiError } from './errors.ts';

/** Lists and objects in one another, at most: what checks and writes them goes one call deeper for each. */
const DEEPEST = 200;

/** Refuses JSON that would overflow the stack of whoever walks it. */
export function refuseDeepBodies(app: App): void {
  app.addHook('preValidation', (request, _, done) => {
    if (isDeeper(request.body, DEEPEST))
      throw new ApiError(400, 'invalid', `the body has lists and objects more than ${DEEPEST} deep in one another`);
    done();
  });
}

/** Level by level, and not by recursion. */
function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isNested);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    const next: object[] = [];
    for (const one of level) for (const inner of Object.values(one)) if (isNested(inner)) next.push(inner);
    level = next;
  }
  return false;
}

/** A buffer is a file, and has no JSON in it. */
function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value);
}
