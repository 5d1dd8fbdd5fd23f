import { providerName, type ProviderSpec } from './provider.ts';

/** A pool as far as it says where its machines come from. */
interface Source {
  provider: ProviderSpec | null;
  /** The cluster of machines, where the provider names none. */
  vmType: number;
}

interface Stranded {
  /** As `would have another endpoint`. */
  how: string;
  /** Ids of machines that it still has; none when not given. */
  left?: ReadonlySet<string>;
}

/**
 * Why machines of a pool could not be listed and given back any more if its provider became another; undefined when they
 * could. How the provider is asked (times, tokens, the form of a request) may change at any time.
 */
export function strandedBy(before: Source, after: Source): Stranded | undefined {
  if (!before.provider) return undefined;
  if (!after.provider) return { how: 'would have none' };
  const [from, to] = [providerName(before.provider), providerName(after.provider)];
  if (from !== to) return { how: `would have ${to} in place of ${from}` };
  const [was, is] = [accountOf(before.provider, before.vmType), accountOf(after.provider, after.vmType)];
  const key = Object.keys({ ...was, ...is }).find((one) => was[one] !== is[one]);
  if (key !== undefined) return { how: `would have another ${key}` };
  const left = listedIn(after.provider);
  return left && { how: 'would have another list of machines', left };
}

/** Whose machines they are, and of which group. */
function accountOf(spec: ProviderSpec, vmType: number): Record<string, string | number | undefined> {
  if ('ssh' in spec) return {};
  if ('suanli' in spec) return { endpoint: spec.suanli.endpoint, taskId: spec.suanli.taskId };
  if ('jupiter' in spec) return { endpoint: spec.jupiter.endpoint, cluster: spec.jupiter.cluster ?? vmType };
  if ('croupier' in spec) return { endpoint: spec.croupier.endpoint, type: spec.croupier.type };
  if ('top' in spec) return { endpoint: spec.top.endpoint };
  if ('everai' in spec) {
    const { endpoint, namespace = 'default', app } = spec.everai;
    return { endpoint, namespace, app };
  }
  return { endpoint: spec.http.endpoint };
}

/** Ids of the machines of a provider that has a list of them. */
function listedIn(spec: ProviderSpec): ReadonlySet<string> | undefined {
  if ('ssh' in spec) return new Set(spec.ssh.spares.map(({ name }) => name));
  if ('top' in spec && spec.top.nodeId !== undefined) return new Set([spec.top.nodeId].flat().map(String));
  return undefined;
}
