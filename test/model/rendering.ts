import type { Action } from '../../model/template.ts';
import { render, type RenderedCommand, type Scope } from '../../model/render.ts';

export const node = { name: 'web-01', address: '192.0.2.11', port: 2222, user: 'deploy', labels: { zone: 'a' } };

export function scope(params: Record<string, string> = {}, others: Partial<Scope> = {}): Scope {
  return { node, task: { name: 'web-1.4.2' }, params, ...others };
}

/** What a command comes to. */
export function command(action: Action, within: Scope = scope()): RenderedCommand {
  const rendered = render(action, within);
  if (rendered.kind !== 'command') throw new Error(`a command was wanted, and it is a ${rendered.kind}`);
  return rendered;
}
