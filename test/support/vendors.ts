import { croupierCloud } from '../../demo/clouds/croupier.ts';
import type { Cloud } from '../../demo/clouds/cloud.ts';
import { discoveryCloud } from '../../demo/clouds/discovery.ts';
import { everaiCloud } from '../../demo/clouds/everai.ts';
import { httpCloud, httpCloudSpec, type HttpCloudOptions } from '../../demo/clouds/http-cloud.ts';
import { jupiterCloud } from '../../demo/clouds/jupiter.ts';
import type { Machines, MachinesOptions } from '../../demo/clouds/machines.ts';
import { suanliCloud } from '../../demo/clouds/suanli.ts';
import { topCloud } from '../../demo/clouds/top.ts';

/** What the doubles take, as workers have it in their environment. */
export const SECRETS = {
  CLOUD_TOKEN: 'http-token',
  CROUPIER_TOKEN: 'croupier-token',
  DISCOVERY_APPKEY: 'discovery-appkey',
  EVERAI_TOKEN: 'everai-token',
  SUANLI_TOKEN: 'suanli-token',
  TOP_ACCESSKEY: 't9xuit3pt202ou09',
};

/** A vendor's double, and how a pool names it. Without places http's machines are workers. */
export interface Vendor {
  provider: object;
  cloud: Cloud;
  /** Ids of what the vendor has at work, by its own account. */
  bill(): string[];
  /** How many it has ever put to work. */
  ever(): number;
}

/** One whose machines are made and boot. */
export interface MakingVendor extends Vendor {
  machines: Machines;
}

const clouds: Cloud[] = [];

/** All that were opened here. While they are, machines that are left may be looked for. */
export async function closeVendors(): Promise<void> {
  await Promise.all(clouds.splice(0).map((cloud) => cloud.close()));
}

function opened<Double extends { cloud: Cloud }>(double: Double): Double {
  clouds.push(double.cloud);
  return double;
}

/** Everything goes on quickly, but for what is waited for in vain. */
const QUICK = { poll: '50ms', within: '20s', settle: '1s', timeout: '2s', requestsPerSecond: 500 };

export async function httpVendor(options: HttpCloudOptions = {}, spec: object = {}): Promise<MakingVendor> {
  const { cloud, machines } = opened(await httpCloud(options));
  const described = httpCloudSpec(cloud.endpoint);
  const create = { ...described.create, ...(options.keyed && { keyed: true }) };
  const { address, ...ofWorkers } = described.list;
  const list = { ...ofWorkers, ...(options.places && { address }) };
  return making(cloud, machines, { http: { ...described, create, list, ...QUICK, ...spec } });
}

export async function everaiVendor(options: MachinesOptions = {}, spec: object = {}): Promise<MakingVendor> {
  const { cloud, machines } = opened(await everaiCloud(options));
  const everai = { endpoint: cloud.endpoint, app: 'web', token: 'secret:EVERAI_TOKEN', ...QUICK, ...spec };
  return making(cloud, machines, { everai });
}

/** With service discovery; `members` are the addresses there. */
export async function jupiterVendor(
  options: MachinesOptions = {},
  spec: object = {},
): Promise<MakingVendor & { members(): string[] }> {
  const { cloud, machines } = opened(await jupiterCloud(options));
  const sd = opened(await discoveryCloud());
  const discovery = { endpoint: sd.cloud.endpoint, id: 1, appkey: 'secret:DISCOVERY_APPKEY' };
  const vendor = making(cloud, machines, {
    jupiter: { endpoint: cloud.endpoint, cluster: 3, discovery, ...QUICK, ...spec },
  });
  return {
    ...vendor,
    members: () => sd.members.get(1) ?? [],
  };
}

function making(cloud: Cloud, machines: Machines, provider: object): MakingVendor {
  return {
    provider,
    cloud,
    machines,
    bill: () => machines.present().map(({ id }) => id),
    ever: () => machines.all().length,
  };
}

/** Drained nodes at these addresses. */
export async function croupierVendor(addresses: readonly string[], spec: object = {}): Promise<Vendor> {
  const spares = addresses.map((address, i) => ({
    id: `c-${i + 1}`,
    status: 'drained',
    meta: { net: { ip: address } },
  }));
  const { cloud, nodes } = opened(await croupierCloud({ nodes: spares }));
  return {
    provider: {
      croupier: {
        ...{ endpoint: cloud.endpoint, token: 'secret:CROUPIER_TOKEN', address: 'net.ip' },
        ...QUICK,
        ...spec,
      },
    },
    cloud,
    bill: () => [...nodes.values()].filter(({ status }) => status === 'active').map(({ id }) => id),
    ever: () => new Set(cloud.asked.filter(({ kind }) => kind === 'undrain').map(({ path }) => path)).size,
  };
}

/** Nodes that stand still; `fates`: of the next commands. */
export async function topVendor(
  count: number,
  spec: object = {},
): Promise<Vendor & Pick<Awaited<ReturnType<typeof topCloud>>, 'fates' | 'commands'>> {
  const ids = Array.from({ length: count }, (_, i) => 610_001 + i);
  const top = opened(await topCloud({ nodes: Object.fromEntries(ids.map((id) => [id, 'STOPPED'])) }));
  const { cloud, commands, fates } = top;
  const atWork = (id: number) =>
    commands.findLast((one) => one.node === id && one.fate === 'ok')?.name === 'node_start';
  return {
    provider: { top: { endpoint: cloud.endpoint, accesskey: 'secret:TOP_ACCESSKEY', ...QUICK, ...spec } },
    cloud,
    fates,
    commands,
    bill: () => ids.filter(atWork).map(String),
    ever: () => new Set(commands.filter(({ name }) => name === 'node_start').map(({ node }) => node)).size,
  };
}

/** Of a task with one point. */
export async function suanliVendor(spec: object = {}): Promise<{ provider: object; cloud: Cloud; points(): number }> {
  const { cloud, points } = opened(await suanliCloud({ tasks: { 388: 1 } }));
  return {
    provider: {
      suanli: { endpoint: cloud.endpoint, taskId: 388, token: 'secret:SUANLI_TOKEN', points: 1, ...QUICK, ...spec },
    },
    cloud,
    points: () => points.get(388) ?? 0,
  };
}
