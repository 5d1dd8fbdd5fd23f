import { GROUP_KINDS, groupKind, type GroupAction, type GroupKind } from './pool/group-actions.ts';
import type { RolloutSpec } from './rollout.ts';

/**
 * A template as Drover keeps it: checked, with defaults filled in, durations in milliseconds; steps may be named, to be
 * taken from the catalogue. It is also valid input: parsing it again gives the same template.
 */
export interface TemplateSpec {
  name: string;
  description?: string;
  params: Record<string, ParamSpec>;
  steps: (Step | UseStep)[];
  rollout?: RolloutSpec;
}

/** A template with every step complete in itself: nothing is left to look up in the catalogue. */
export interface Template extends TemplateSpec {
  steps: Step[];
}

export interface ParamSpec {
  description?: string;
  required?: boolean;
  default?: string;
  /** For people: `string`, `integer` or what else describes it. */
  type?: string;
  /** Only a raw parameter may be used as `{{{name}}}`: put into the command as it is, without quotes. */
  raw?: boolean;
}

export interface Step extends StepOptions {
  name: string;
  actions: Action[];
  /** The catalogue's step that the actions come from. */
  use?: string;
  /** Values for this step alone, before any other of the same name. Their own placeholders take the task's values. */
  params?: Record<string, string>;
}

/** A step of the catalogue, by name. */
export interface UseStep extends StepOptions {
  name: string;
  use: string;
  params?: Record<string, string>;
}

interface StepOptions {
  /** For one try of one action on one node, in ms. */
  timeout: number;
  /** `times` more tries after the first, `delay` ms apart. */
  retry: { times: number; delay: number };
  onError: 'fail' | 'ignore';
}

/** `params`: what an action of the catalogue declares. A group action is the only one of its step. */
export type Action = (ActionBody | GroupAction) & { params?: Record<string, ParamSpec> };

export type ActionBody =
  | { shell: ShellAction }
  | { script: ScriptAction }
  | { docker: DockerAction }
  | { copy: CopyAction }
  | { check: CheckAction }
  | { wait: number };

/** An action's kind and what it says of it, each key or none. */
export interface ActionKeys {
  shell?: ShellAction;
  script?: ScriptAction;
  docker?: DockerAction;
  copy?: CopyAction;
  check?: CheckAction;
  wait?: number;
}

/** The action among the keys of an object; undefined when there is none. */
export function bodyOf(value: ActionKeys): ActionBody | undefined {
  if (value.shell !== undefined) return { shell: value.shell };
  if (value.script !== undefined) return { script: value.script };
  if (value.docker !== undefined) return { docker: value.docker };
  if (value.copy !== undefined) return { copy: value.copy };
  if (value.check !== undefined) return { check: value.check };
  if (value.wait !== undefined) return { wait: value.wait };
  return undefined;
}

export const ACTION_KINDS = ['shell', 'script', 'docker', 'copy', 'check', 'wait'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** How a command is run. `sudo`: true for root, or a user's name. Values of `env` may be `secret:NAME`. */
export interface CommandOptions {
  env?: Record<string, string>;
  cwd?: string;
  sudo?: boolean | string;
  stdin?: string;
  /** Safe to run twice: may use a plain exec in place of a job. */
  idempotent?: boolean;
  okExitCodes?: number[];
}

export interface ShellAction extends CommandOptions {
  run: string;
}

/** A whole file, run by what its `#!` line names (else sh). */
export interface ScriptAction extends CommandOptions {
  content: string;
  args?: string[];
}

export type DockerAction =
  | { pull: string }
  | { run: DockerRun }
  | { stop: { name: string; time?: number } }
  | { start: { name: string } }
  | { restart: { name: string; time?: number } }
  | { rm: { name: string; force?: boolean; volumes?: boolean } }
  | { exec: DockerExec }
  | { login: { registry?: string; username: string; password: string } }
  | { prune: { all?: boolean; volumes?: boolean; until?: string } };

export interface DockerRun {
  name?: string;
  image: string;
  /** Remove a container of this name first. */
  replace?: boolean;
  ports?: string[];
  env?: Record<string, string>;
  volumes?: string[];
  labels?: Record<string, string>;
  network?: string;
  restart?: string;
  user?: string;
  workdir?: string;
  entrypoint?: string;
  hostname?: string;
  memory?: string;
  cpus?: string;
  privileged?: boolean;
  /** Default true. False waits for the container's end and takes its exit code. */
  detach?: boolean;
  /** Remove the container when it ends. */
  rm?: boolean;
  pull?: 'always' | 'missing' | 'never';
  /** More words for `docker run`, before the image. */
  options?: string[];
  command?: string[];
}

export interface DockerExec {
  name: string;
  command: string[];
  user?: string;
  workdir?: string;
  env?: Record<string, string>;
}

/** A file on the node, from inline text, inline base64 or a stored file (`sha256`, `size` in bytes). */
export interface CopyAction {
  dest: string;
  content?: string;
  base64?: string;
  file?: { sha256: string; size: number };
  /** Octal, as in `"0644"`. */
  mode?: string;
  /** `user` or `user:group`, by chown; needs the right to. */
  owner?: string;
  sudo?: boolean;
}

/** Passes once the probe does; fails when `within` ms are over. Probes start `interval` ms apart. */
export interface CheckAction {
  http?: string;
  /** `host:port` */
  tcp?: string;
  shell?: string;
  /** HTTP status wanted; any 2xx when not given. */
  status?: number;
  from: 'worker' | 'node';
  within: number;
  interval: number;
}

export function isGroupAction(action: ActionBody | GroupAction): action is GroupAction {
  return groupKind(action) !== undefined;
}

/** The group action that the step is; undefined for a step on nodes. */
export function groupActionOf({ actions }: Pick<Step, 'actions'>): GroupAction | undefined {
  return actions.find((action) => isGroupAction(action));
}

/** What of a node a step needs: that it can be logged in to, or nothing. */
export function needsSsh({ actions }: Pick<Step, 'actions'>): boolean {
  return actions.some(
    (action) => !isGroupAction(action) && !('wait' in action) && !('check' in action && action.check.from === 'worker'),
  );
}

export function kindOf(action: Action): ActionKind | GroupKind {
  const kind = [...ACTION_KINDS, ...GROUP_KINDS].find((one) => one in action);
  if (!kind) throw new Error(`an action of no kind: ${Object.keys(action).join(', ')}`);
  return kind;
}
