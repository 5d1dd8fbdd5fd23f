import { stringify } from 'yaml';
import type { Cloud } from './clouds/cloud.ts';
import { everaiCloud } from './clouds/everai.ts';
import { suanliCloud } from './clouds/suanli.ts';
import { topCloud } from './clouds/top.ts';

/** A vendor's double to try a pool with, and how such a pool names it. */
interface Offered {
  cloud: Cloud;
  provider: object;
  /** What the worker has to have in its environment. */
  secret: string;
  steps: Record<'expand' | 'shrink', object[]>;
}

const GROW = { expand: [{ use: 'create_vm' }], shrink: [{ use: 'return_vm' }] };

const VENDORS: Record<string, () => Promise<Offered>> = {
  everai: async () => {
    const { cloud } = await everaiCloud({ bootTime: 3000, leaveTime: 1000 });
    const everai = { endpoint: cloud.endpoint, app: 'web', token: 'secret:EVERAI_TOKEN', poll: '1s' };
    return { cloud, provider: { everai }, secret: 'EVERAI_TOKEN=everai-token', steps: GROW };
  },
  suanli: async () => {
    const { cloud } = await suanliCloud();
    const suanli = { endpoint: cloud.endpoint, taskId: 388, token: 'secret:SUANLI_TOKEN', points: 1 };
    return { cloud, provider: { suanli }, secret: 'SUANLI_TOKEN=suanli-token', steps: GROW };
  },
  top: async () => {
    const { cloud, accesskey } = await topCloud({ takes: 2000 });
    const top = { endpoint: cloud.endpoint, accesskey: 'secret:TOP_ACCESSKEY', poll: '1s' };
    return { cloud, provider: { top }, secret: `TOP_ACCESSKEY=${accesskey}`, steps: GROW };
  },
};

/** `npx tsx demo/cloud.ts everai > pool.yaml`: the double answers until Ctrl-C; a pool of it is printed for `drover apply`. */
const [name = ''] = process.argv.slice(2);
const start = VENDORS[name];
if (!start) {
  console.error(`usage: npx tsx demo/cloud.ts ${Object.keys(VENDORS).join('|')}`);
  process.exit(2);
}
const { cloud, provider, secret, steps } = await start();
const pool = `demo-${name}`;
const templates = Object.fromEntries(Object.keys(steps).map((purpose) => [purpose, `${pool}-${purpose}`]));
const documents = [
  { kind: 'cluster', name: 'demo' },
  { kind: 'service', name: pool, cluster: 'demo' },
  ...Object.entries(steps).map(([purpose, list]) => ({ kind: 'template', name: `${pool}-${purpose}`, steps: list })),
  { kind: 'pool', name: pool, service: pool, templates, provider },
];
console.log(documents.map((document) => stringify(document)).join('---\n'));
console.error(`the double of ${name} answers at ${cloud.endpoint} until Ctrl-C; the worker needs ${secret}:`);
console.error(`  ${secret} bin/drover dev`);
console.error(`  bin/drover apply pool.yaml && bin/drover pool expand ${pool} --count 2`);
