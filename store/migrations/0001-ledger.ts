import { sql, type Kysely } from 'kysely';

const TABLES = [
  `create table tasks (
    id            uuid primary key default gen_random_uuid(),
    seq           bigint generated always as identity unique,
    name          text not null unique,
    kind          text not null,
    pool          text,
    template      jsonb not null,
    params        jsonb not null,
    rollout       jsonb not null,
    digest        text not null,
    started_by    text not null,
    nodes_total   int not null,
    workflow_id   text not null,
    run_id        text,
    status        text not null default 'pending',
    reason        text not null default '',
    hold          text not null default 'none',
    created_at    timestamptz not null default now(),
    started_at    timestamptz,
    finished_at   timestamptz,
    batches_total int not null default 0,
    batches_done  int not null default 0
  )`,
  `create index tasks_open on tasks (seq) where status not in ('ok', 'failed', 'stopped', 'terminated')`,
  `create index tasks_pool on tasks (pool, seq)`,

  `create table nodes (
    task_id uuid not null references tasks (id) on delete cascade,
    no      int not null,
    name    text not null,
    node    jsonb not null,
    status  text not null default 'pending',
    reason  text not null default '',
    batch   int,
    primary key (task_id, no),
    unique (task_id, name)
  )`,
  `create index nodes_status on nodes (task_id, status)`,

  `create table steps (
    task_id     uuid not null,
    no          int not null,
    step        int not null,
    status      text not null,
    try         int not null,
    first_try   int not null,
    batch       int not null,
    exit_code   int,
    reason      text not null,
    started_at  timestamptz,
    finished_at timestamptz,
    primary key (task_id, no, step),
    foreign key (task_id, no) references nodes on delete cascade
  )`,

  `create table jobs (
    task_id uuid not null,
    no      int not null,
    step    int not null,
    try     int not null,
    action  int not null,
    token   text,
    out     bigint not null default 0,
    err     bigint not null default 0,
    outcome jsonb,
    primary key (task_id, no, step, try, action),
    foreign key (task_id, no) references nodes on delete cascade
  )`,

  `create table log_chunks (
    seq      bigint generated always as identity primary key,
    xid      xid8 not null default pg_current_xact_id(),
    at       timestamptz not null default now(),
    task_id  uuid not null,
    no       int not null,
    step     int not null,
    try      int not null,
    action   int not null,
    stream   text not null,
    "offset" bigint not null,
    next     bigint not null,
    bytes    bytea not null,
    cut_from bigint,
    unique (task_id, no, step, try, action, stream, "offset"),
    foreign key (task_id, no) references nodes on delete cascade
  )`,
  `create index log_chunks_follow on log_chunks (task_id, xid, seq)`,

  `create table events (
    seq     bigint generated always as identity primary key,
    xid     xid8 not null default pg_current_xact_id(),
    at      timestamptz not null default now(),
    task_id uuid not null references tasks (id) on delete cascade,
    kind    text not null,
    no      int,
    step    int,
    try     int,
    batch   int,
    nodes   int,
    state   text,
    status  text,
    reason  text
  )`,
  `create index events_follow on events (task_id, xid, seq)`,
  `create unique index events_batch on events (task_id, batch, state) where kind = 'batch'`,

  `create table files (
    sha256 text primary key,
    size   bigint not null,
    bytes  bytea not null
  )`,

  `create table leases (
    name   text primary key,
    holder text not null,
    until  timestamptz not null
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(db);
}
