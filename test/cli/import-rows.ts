import type { OrionRows } from './import-orion.ts';

const MANY = 230;

/** A catalogue as an orion has it: of each kind something, two lists of three pages, names and texts that are easily broken. */
export function orionRows(): OrionRows {
  const many = Array.from({ length: MANY }, (_, i) => i + 10);
  const retry = { retry_times: 1, ignore_error: false };
  return {
    clusters: [
      { id: 2, name: 'shop', desc: '商店集群', biz: 'retail' },
      { id: 5, name: 'back office', desc: '', biz: '' },
    ],
    services: [
      {
        id: 3,
        name: 'shop-web',
        desc: 'yes',
        service_type: 'nginx',
        docker_image: 'registry.example/web:1.10',
        cluster_id: 2,
      },
      { id: 4, name: 'ledger', desc: '', service_type: '', docker_image: '-', cluster_id: 5 },
    ],
    pools: [
      {
        id: 7,
        name: 'web',
        desc: '',
        vm_type: 3,
        sd_id: 1,
        tasks: { deploy: 9 },
        service_id: 3,
        node_count: 2,
        is_bedepen: 0,
        is_hascron: 0,
      },
      {
        id: 8,
        name: 'spare',
        desc: '',
        vm_type: 0,
        sd_id: 0,
        tasks: null,
        service_id: 3,
        node_count: 0,
        is_bedepen: 0,
        is_hascron: 0,
      },
    ],
    nodes_by_pool: {
      7: [
        { id: 31, ip: '192.0.2.31', vm_id: '', status: 2, node_type: '' },
        { id: 32, ip: '192.0.2.32', vm_id: 'vm-32', status: 3, node_type: 'crontab' },
      ],
      8: [],
    },
    actions: [
      { id: 1, name: 'say', desc: 'Says it', params: { text: 'string', times: 'integer' } },
      { id: 2, name: 'report', desc: '', params: {} },
      ...many.map((id) => ({ id, name: `action-${id}`, desc: '', params: null })),
    ],
    actimpls: [
      {
        id: 1,
        type: 'ansible',
        action_id: 1,
        template: { action: { module: 'shell', args: 'echo "{{text}}" {{times}}' } },
      },
      {
        id: 2,
        type: 'ansible',
        action_id: 2,
        template: { action: { module: 'longscript', content: 'set -e\n\tuname -n  \ndf -h\n' } },
      },
      ...many.map((id) => ({
        ...{ id, type: 'ansible', action_id: id },
        template: { action: { module: 'shell', args: `echo ${id}` } },
      })),
    ],
    remote_steps: [
      { id: 1, name: 'speak', desc: '', actions: ['say', 'report'] },
      { id: 3, name: '汇报', desc: '', actions: ['report'] },
    ],
    templates: [
      {
        id: 9,
        name: 'announce',
        desc: '公告',
        steps: [{ name: 'speak', param_values: { text: 'it is: "so"', times: 2 }, retry }],
      },
      {
        id: 11,
        name: 'report all',
        desc: '',
        steps: [{ name: '汇报', param_values: {}, retry: { retry_times: 0, ignore_error: true } }],
      },
    ],
    schedules: {
      'expandList/7': {
        id: 1,
        cron_items: [{ id: 1, instance_num: 4, time: '08:00' }],
        depend_items: [],
        type: 'expand',
      },
      'uploadList/7': { id: 2, cron_items: [], depend_items: [], type: 'deploy' },
    },
  };
}
