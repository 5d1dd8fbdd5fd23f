/** The HTTP API over a store filled with tasks and templates, for bench/catalogue.ts. Prints where it serves. */
import { CompiledQuery } from 'kysely';
import pino from 'pino';
import { serve } from '../api/serve.ts';
import type { Actor } from '../model/actor.ts';
import { openFolder } from '../store/embedded.ts';
import { openPostgres } from '../store/postgres.ts';
import { openStore } from '../store/store.ts';

const { where, TASKS, TEMPLATES } = JSON.parse(process.argv[2] ?? '') as {
  where: { url: string } | { folder: string };
  TASKS: number;
  TEMPLATES: number;
};

const ACTOR: Actor = { name: 'bench', role: 'admin', via: 'local', from: null };

/** Straight into the tables: through the store it would take an hour. */
async function seed(): Promise<void> {
  const { dialect, release } =
    'folder' in where
      ? await openFolder(where.folder)
      : { dialect: await openPostgres(where.url), release: () => undefined };
  const driver = dialect.createDriver();
  await driver.init();
  const connection = await driver.acquireConnection();
  for (const statement of SEED) await connection.executeQuery(CompiledQuery.raw(statement));
  await driver.releaseConnection(connection);
  await driver.destroy();
  release();
}

const STEPS = (i: string) => `jsonb_build_array(
  jsonb_build_object('name', 'stop', 'use', 'step-' || (${i} % 50 + 1), 'params', jsonb_build_object('name', 'web', 'tag', ${i}::text),
    'timeout', 600000, 'retry', '{"times":0,"delay":5000}'::jsonb, 'onError', 'fail'),
  jsonb_build_object('name', 'start', 'use', 'step-' || (${i} % 100 + 1), 'params', jsonb_build_object('name', 'web'),
    'timeout', 600000, 'retry', '{"times":2,"delay":5000}'::jsonb, 'onError', 'fail'))`;

const SNAPSHOT = (
  i: string,
) => `jsonb_build_object('name', 'template-' || (${i} % ${TEMPLATES} + 1), 'params', '{}'::jsonb, 'steps', jsonb_build_array(
  jsonb_build_object('name', 'stop', 'actions', '[{"script":{"content":"#!/bin/bash\\ndocker ps | grep -w {{name}} && docker stop {{name}}\\ndocker rm {{name}}\\nexit 0"}}]'::jsonb,
    'timeout', 600000, 'retry', '{"times":0,"delay":5000}'::jsonb, 'onError', 'fail'),
  jsonb_build_object('name', 'start', 'actions', '[{"shell":{"run":"docker run -d --net={{host}} --name {{name}} {{tag}}"}}]'::jsonb,
    'timeout', 600000, 'retry', '{"times":2,"delay":5000}'::jsonb, 'onError', 'fail')))`;

const SEED = [
  `insert into clusters (name, biz) select 'cluster-' || i, '' from generate_series(1, 10) i`,
  `insert into services (name, service_type, docker_image, cluster_id) select 'service-' || i, 'web', 'web:1', i % 10 + 1 from generate_series(1, 20) i`,
  `insert into pools (name, service_id, vm_type, sd_id, tasks) select 'pool-' || i, i % 20 + 1, 0, 0, '{"deploy": 1}' from generate_series(1, 100) i`,
  `insert into pool_nodes (pool_id, name, address, node)
    select p, 'node-' || p || '-' || n, '10.0.' || p || '.' || n, jsonb_build_object('name', 'node-' || p || '-' || n, 'address', '10.0.' || p || '.' || n)
    from generate_series(1, 100) p, generate_series(1, 100) n`,
  `insert into actions (name, params) select 'action-' || i, '{"name":"string"}' from generate_series(1, 100) i`,
  `insert into implementations (action_id, type, template) select i, 'ansible', '{"action":{"module":"shell","args":"echo {{name}}"}}' from generate_series(1, 100) i`,
  `insert into remote_steps (name, actions) select 'step-' || i, jsonb_build_array('action-' || i) from generate_series(1, 100) i`,
  `insert into templates (name, "desc", spec)
    select 'template-' || i, 'deploys service ' || to_hex(i),
      jsonb_build_object('name', 'template-' || i, 'description', 'deploys service ' || to_hex(i), 'params', '{}'::jsonb, 'steps', ${STEPS('i')})
    from generate_series(1, ${TEMPLATES}) i`,
  `insert into template_versions (template_id, version, spec, by) select id, 1, spec, 'bench' from templates`,
  `insert into tasks (seq, name, title, kind, pool, template, params, rollout, digest, started_by, nodes_total, workflow_id, run_id, status, reason, created_at, started_at, finished_at, batches_total, batches_done)
    select i, 'task-' || i, 'deploy number ' || i, 'run', 'pool-' || (i % 100 + 1), ${SNAPSHOT('i')}, '{"tag":"1.4.2"}',
      '{"batch":["20%"],"order":"step","lanes":1,"bake":0,"canary":0,"maxFailures":"100%","onBudget":"pause"}', md5(i::text), 'bench', 10, 'task-' || i, md5(i::text),
      case when i % 20 = 0 then 'failed' else 'ok' end, '', now() - (${TASKS} - i) * interval '1 minute', now(), now() - (${TASKS} - i) * interval '1 minute', 5, 5
    from generate_series(1, ${TASKS}) i`,
  ...portions(TASKS, 10_000).flatMap(([from, to]) => [
    `insert into nodes (task_id, no, name, node, status, reason, batch)
      select t.id, n, 'node-' || n, jsonb_build_object('name', 'node-' || n, 'address', '10.0.0.' || n), case when t.status = 'failed' and n = 0 then 'failed' else 'ok' end, '', n / 2 + 1
      from tasks t, generate_series(0, 9) n where t.seq between ${from} and ${to}`,
    `insert into steps (task_id, no, step, status, try, first_try, batch, exit_code, reason, started_at, finished_at)
      select t.id, n, s, 'ok', 1, 1, n / 2 + 1, 0, '', now(), now() from tasks t, generate_series(0, 9) n, generate_series(0, 1) s where t.seq between ${from} and ${to}`,
    `insert into events (task_id, kind, status, reason)
      select t.id, 'task', s, '' from tasks t, unnest(array['running', 'ok']) s where t.seq between ${from} and ${to}`,
  ]),
  `select setval(pg_get_serial_sequence('tasks', 'seq'), ${TASKS})`,
  `vacuum analyze`, // as autovacuum does in time
];

function portions(total: number, size: number): [number, number][] {
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => [i * size + 1, Math.min(total, (i + 1) * size)]);
}

await (await openStore(where)).close(); // makes the tables
await seed();
const store = await openStore(where);
const { secret } = await store.tokens.create(ACTOR, { name: 'bench', role: 'admin' });
const nobody = () => Promise.reject(new Error('there is no Temporal in this benchmark'));
const server = await serve(
  {
    store,
    drover: {
      run: nobody,
      task: () => ({ execution: nobody }) as never,
      autoscaler: () => ({ settingsChanged: nobody }) as never,
      keepAutoscalers: nobody,
      schedules: { bringInLine: nobody } as never,
      queueOf: () => Promise.resolve([]),
    },
    namespace: 'default',
    version: 'bench',
    log: pino({ level: 'error' }, pino.destination(2)),
    workers: () => Promise.resolve(1),
  },
  { host: '127.0.0.1', port: 0 },
);
console.log(JSON.stringify({ url: server.url, token: secret }));
process.once('SIGTERM', () => void server.close().then(() => store.close()));
