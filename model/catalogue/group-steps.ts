/** A step that acts on the machines of a pool through its provider, and not on nodes over SSH. */
export interface GroupStep {
  desc: string;
  /** What OpenDCP calls it: of the machines (`vm`), of service discovery (`sd`); `node` for what OpenDCP does not have. */
  type: 'vm' | 'sd' | 'node';
  /** Parameters and their types. */
  params: Record<string, string>;
}

/** By name; steps of the catalogue cannot have these names. */
export const GROUP_STEPS: Readonly<Record<string, GroupStep>> = {
  create_vm: { desc: 'Creates the machines', type: 'vm', params: { vm_type_id: 'Integer' } },
  return_vm: { desc: 'Gives the machines back', type: 'vm', params: { vm_type_id: 'Integer' } },
  register: { desc: 'Adds the nodes to service discovery', type: 'sd', params: { service_discovery_id: 'Integer' } },
  unregister: {
    desc: 'Takes the nodes out of service discovery',
    type: 'sd',
    params: { service_discovery_id: 'Integer' },
  },
  drain: { desc: 'Takes the nodes out of rotation', type: 'node', params: {} },
  undrain: { desc: 'Takes the nodes into rotation again', type: 'node', params: {} },
  restart: { desc: 'Restarts the nodes through their provider', type: 'node', params: {} },
};

export function isGroupStep(name: string): boolean {
  return Object.hasOwn(GROUP_STEPS, name);
}
