/** How an option of a group action is written: as text, or as a duration (kept in ms). */
type OptionKind = 'text' | 'duration';

/** An action on the machines of a pool through its provider, in one go for a batch, and not on nodes over SSH. */
interface GroupActionTraits {
  desc: string;
  /** What OpenDCP calls it: of the machines (`vm`), of service discovery (`sd`); `node` for what OpenDCP does not have. */
  type: 'vm' | 'sd' | 'node';
  /** As OpenDCP's clients are shown its parameters, with their types. */
  params: Record<string, string>;
  options: Readonly<Record<string, OptionKind>>;
  /** Options without which there is nothing to do. */
  required?: readonly string[];
  /** Put into tasks by Drover, and not for templates. */
  internal?: true;
}

const COMMAND = { method: 'text', update: 'text' } as const;

/** By name. A step of the template that takes one of them by `use`, or has it as its only action, is a group step. */
export const GROUP_ACTIONS = {
  create_vm: {
    desc: 'Creates the machines, and waits until they run',
    type: 'vm',
    params: { vm_type_id: 'Integer' },
    options: { within: 'duration', vm_type_id: 'text' },
  },
  return_vm: {
    desc: 'Gives the machines back',
    type: 'vm',
    params: { vm_type_id: 'Integer' },
    options: { within: 'duration', vm_type_id: 'text' },
  },
  register: {
    desc: 'Adds the nodes to service discovery',
    type: 'sd',
    params: { service_discovery_id: 'Integer' },
    options: { within: 'duration', service_discovery_id: 'text' },
  },
  unregister: {
    desc: 'Takes the nodes out of service discovery',
    type: 'sd',
    params: { service_discovery_id: 'Integer' },
    options: { within: 'duration', service_discovery_id: 'text' },
  },
  drain: {
    desc: 'Takes the nodes out of rotation, and waits for what they are at',
    type: 'node',
    params: {},
    options: { timeout: 'duration', settle: 'duration' },
  },
  undrain: {
    desc: 'Takes the nodes into rotation again',
    type: 'node',
    params: {},
    options: { settle: 'duration' },
  },
  restart: {
    desc: 'Restarts the nodes through their provider',
    type: 'node',
    params: {},
    options: { within: 'duration' },
  },
  start_vm: {
    desc: 'Starts the machines',
    type: 'node',
    params: {},
    options: { within: 'duration', imageName: 'text', imageTag: 'text', ...COMMAND },
  },
  stop_vm: { desc: 'Stops the machines', type: 'node', params: {}, options: { within: 'duration', method: 'text' } },
  upload_start: {
    desc: 'Deploys a package from an address',
    type: 'node',
    params: {},
    options: { within: 'duration', url: 'text', ...COMMAND },
    required: ['url'],
  },
  history_start: {
    desc: 'Deploys an earlier version again',
    type: 'node',
    params: {},
    options: { within: 'duration', version: 'text', ...COMMAND },
    required: ['version'],
  },
  grow_pool: {
    desc: 'Grows a pool that this one depends on, and waits until that is done',
    type: 'node',
    params: {},
    options: { pool: 'text', by: 'text' },
    required: ['pool', 'by'],
    internal: true,
  },
  await_vm: {
    desc: 'Waits until the provider says that the machines run',
    type: 'node',
    params: {},
    options: { within: 'duration' },
  },
} as const satisfies Readonly<Record<string, GroupActionTraits>>;

export type GroupKind = keyof typeof GROUP_ACTIONS;
export const GROUP_KINDS = Object.keys(GROUP_ACTIONS) as GroupKind[];

/** What a table like the one above says of one action. */
export function traitsOfGroup(kind: GroupKind): GroupActionTraits {
  return GROUP_ACTIONS[kind];
}

/** Durations in ms; texts may have placeholders, of the task's parameters and the step's own. */
export type GroupOptions = Record<string, string | number>;

/** `{"create_vm": {"within": 600000}}` */
export type GroupAction = { [Kind in GroupKind]: Record<Kind, GroupOptions> }[GroupKind];

export function isGroupStep(name: string): name is GroupKind {
  return Object.hasOwn(GROUP_ACTIONS, name);
}

/** The group action's name; undefined for an action on nodes. */
export function groupKind(action: object): GroupKind | undefined {
  return GROUP_KINDS.find((kind) => kind in action);
}

export function groupOptions(action: GroupAction): GroupOptions {
  const [options = {}] = Object.values<GroupOptions>(action);
  return options;
}
