import { renderCheck, type Probe } from './commands/check.ts';
import { renderCopy } from './commands/copy.ts';
import { writeDocker } from './commands/docker.ts';
import { writeScript } from './commands/script.ts';
import { writeShell } from './commands/shell.ts';
import { Filler, type Audience } from './filler.ts';
import { groupKind, groupOptions, type GroupAction, type GroupKind, type GroupOptions } from './pool/group-actions.ts';
import { placeholders } from './placeholder.ts';
import { RenderError, type Scope } from './scope.ts';
import { isGroupAction, type Action, type CopyAction } from './template.ts';

export { actionScope, RenderError, type Scope, scopeOf } from './scope.ts';
export { secretVariable } from './secret.ts';

/** What an action comes to on one node. */
export type Rendered =
  | RenderedCommand
  | { kind: 'copy'; copy: CopyAction }
  | Probe
  | { kind: 'wait'; ms: number }
  | { kind: 'group'; group: GroupKind; options: GroupOptions };

export interface RenderedCommand {
  kind: 'command';
  /** A complete script for any POSIX sh. It reads each secret from the variable `secretVariable(name)`, which is to be exported. */
  script: string;
  /** For a dry run: what a person wants to see, secrets as `secret:NAME`. */
  display: string;
  /** The names of the secrets it needs. */
  secrets: string[];
  idempotent: boolean;
  okExitCodes: number[];
}

/** Writes an action out for one node. Throws RenderError, with the path of the text within the action. */
export function render(action: Action, scope: Scope): Rendered {
  if (isGroupAction(action)) return renderGroup(action, scope);
  if ('shell' in action)
    return command(scope, (filler, audience) => writeShell(action.shell, filler, audience), action.shell);
  if ('script' in action) {
    return command(scope, (filler, audience) => writeScript(action.script, scope, filler, audience), action.script);
  }
  if ('docker' in action) return command(scope, (filler, audience) => writeDocker(action.docker, filler, audience));
  if ('copy' in action) return { kind: 'copy', copy: renderCopy(action.copy, new Filler(scope, 'node')) };
  if ('wait' in action) return { kind: 'wait', ms: action.wait };
  const check = renderCheck(action.check, scope);
  if (check.kind === 'probe') return check;
  // A check only looks: it may run twice.
  return command(scope, check.write, { idempotent: true });
}

function command(
  scope: Scope,
  write: (filler: Filler, audience: Audience) => string,
  options: { idempotent?: boolean; okExitCodes?: number[] } = {},
): RenderedCommand {
  const filler = new Filler(scope, 'node');
  return {
    kind: 'command',
    script: write(filler, 'node'),
    display: write(new Filler(scope, 'person'), 'person'),
    secrets: [...filler.secrets],
    idempotent: options.idempotent ?? false,
    okExitCodes: options.okExitCodes ?? [0],
  };
}

/** It is one for all nodes of a batch, so nothing in it can be of one of them. */
function renderGroup(action: GroupAction, scope: Scope): Rendered {
  const filler = new Filler(scope, 'node');
  const group = groupKind(action);
  if (!group) throw new Error(`no group action: ${Object.keys(action).join(', ')}`);
  const options = Object.entries(groupOptions(action)).map(([name, value]) => {
    if (typeof value === 'number') return [name, value] as const;
    const path = `${group}.${name}`;
    const ofNode = placeholders(value).find((use) => use.name.startsWith('node.'));
    if (ofNode)
      throw new RenderError(path, `${ofNode.source} is of one node, and ${group} is done for all of a batch at once`);
    return [
      name,
      filler.plain(value, path, 'it would be a part of a request; secrets belong into the provider'),
    ] as const;
  });
  return { kind: 'group', group, options: Object.fromEntries<string | number>(options) };
}
