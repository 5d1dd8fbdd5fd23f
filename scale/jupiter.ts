import { randomUUID } from 'node:crypto';
import { textsAt } from '../model/json-path.ts';
import type { JupiterSpec } from '../model/pool/provider.ts';
import { Api, type ApiRequest, timingOf } from './api.ts';
import { discovery } from './discovery.ts';
import type { Given } from './given.ts';
import { JupiterLogs } from './jupiter-logs.ts';
import { byIds, canListCluster, chunks, inCluster, refusal } from './jupiter-machines.ts';
import { chosen } from './opendcp-number.ts';
import { type Maker, Refused } from './provider.ts';

/** ms that a cloud behind jupiter may take for an expansion: it is answered when all machines are there (orion waits as long). */
const EXPANDING = 300_000;
/**
 * ms from the request on. jupiter goes on when the connection breaks, and lists the machines when the cloud has given all of
 * them: half a minute longer than a reply is waited for.
 */
const SETTLING = 330_000;

/**
 * The machines of a cluster (a machine type) of OpenDCP's jupiter, as orion drives it (document/api/jupiter_api.md), and its
 * service discovery. Which request a machine is of cannot be told from the cluster's list, so after a lost reply the new ones
 * in it are taken for those that were asked for.
 */
export async function jupiter(spec: JupiterSpec, given: Given): Promise<Maker> {
  const api = new Api('jupiter', spec, given.limiters);
  const expanding = new Api('jupiter', { ...spec, timeout: spec.timeout ?? EXPANDING }, given.limiters);
  const logs = new JupiterLogs(api);
  const cluster = spec.cluster ?? given.vmType;
  const listsGroup = cluster > 0 && (await canListCluster(api, cluster));

  return {
    how: 'makes',
    isKeyed: false,
    timing: timingOf({ settle: SETTLING, ...spec }),
    listsGroup,
    acts: spec.discovery ? await discovery(spec.discovery, spec, given) : {},

    async create({ count, key, options }, call) {
      const id = chosen({ name: 'vm_type_id', ofPool: cluster, ofStep: options['vm_type_id'] }, call);
      if (id === undefined) throw new Refused(`jupiter: ${NO_CLUSTER}`);
      const request: ApiRequest = {
        method: 'POST',
        path: `/v1/cluster/${id}/expand/${count}`,
        headers: { 'x-correlation-id': key },
        // Its refusals come as 500, too: they say code and message, and that no machine was made.
        okStatus: [200, 500],
        refusal,
      };
      const ids = await expanding.once(request, call, ({ json }) => textsAt(json, 'content'));
      logs.correlate(ids, key);
      return ids;
    },

    async list(call, ids) {
      if (ids) return logs.saidOfFailed(await byIds(api, ids, call), call);
      return listsGroup ? inCluster(api, cluster, call) : [];
    },

    async release(ids, _options, call) {
      for (const some of chunks(ids)) {
        const request: ApiRequest = {
          method: 'DELETE',
          path: `/v1/instance/${some}`,
          headers: { 'x-correlation-id': `drover-${randomUUID()}` },
          refusal,
        };
        await api.repeatable(request, call, () => undefined);
      }
    },
  };
}

const NO_CLUSTER =
  'no cluster is given, expected cluster of the provider, the vm_type of the pool, or vm_type_id of the step: a number above 0';
