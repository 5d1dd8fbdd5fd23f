import { sql, type Kysely } from 'kysely';

/** As in the catalogue: to the millisecond. */
const TIME = 'timestamptz(3) not null default clock_timestamp()';

const POOLS = [
  `alter table pools
    add column provider   jsonb,
    add column limits     jsonb,
    add column on_failure text not null default '',
    add column depends_on jsonb,
    add column autoscale  jsonb`,
  // Names of new nodes are counted on, and never used again.
  `alter table pools add column nodes_made int not null default 0`,
  // drained_by: empty while in rotation; a task's id, or who asked for it over HTTP.
  `alter table pool_nodes
    add column drained_by text not null default '',
    add column drained_at timestamptz,
    add column meta       jsonb`,
];

const TASKS = [`alter table tasks add column pool_id bigint, add column action jsonb, add column schedule text`];

/** What providers were asked for and have made. A row is durable before its request goes out; ended_at null: it may cost money. */
const MACHINES = [
  `create table creations (
    key      text primary key,
    pool_id  bigint not null,
    task_id  uuid not null,
    count    int not null,
    known    jsonb not null,
    state    text not null default 'asked',
    at       ${TIME}
  )`,
  `create index creations_open on creations (pool_id, at) where state = 'asked'`,
  `create table machines (
    id          bigint generated always as identity primary key,
    pool_id     bigint not null,
    task_id     uuid,
    no          int,
    try         int not null default 0,
    provider_id text not null,
    address     text not null default '',
    state       text not null,
    reason      text not null default '',
    made_at     ${TIME},
    ready_at    timestamptz(3),
    ended_at    timestamptz(3)
  )`,
  `create unique index machines_live on machines (pool_id, provider_id) where ended_at is null`,
  `create index machines_task on machines (task_id)`,
  // What a try of a group action keeps, to go on after a crash without asking twice.
  `create table group_tries (
    task_id uuid not null references tasks (id) on delete cascade,
    step    int not null,
    batch   int not null,
    try     int not null,
    kept    text not null,
    primary key (task_id, step, batch, try)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...POOLS, ...TASKS, ...MACHINES]) await sql.raw(statement).execute(db);
}
