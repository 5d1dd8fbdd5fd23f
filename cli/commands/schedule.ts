import { Option } from '@commander-js/extra-typings';
import { OVERLAPS } from '../../model/catalogue/document.ts';
import { bareCommand, collect, command, examples } from '../command.ts';
import type { ScheduleAmounts } from '../input/schedule.ts';
import type { ScheduleList, ScheduleView } from '../print/schedule.ts';

/** What is done with pools at certain times. */
export function scheduleCommand() {
  const schedule = bareCommand('schedule', 'what is done with pools by the clock, as crontab would');
  const commands = [add(), list(), show(), pause(), resume(), trigger(), backfill(), remove()];
  for (const one of commands) schedule.addCommand(one);
  return schedule;
}

const count = (flag: string, description: string) => new Option(`${flag} <n>`, description);

function add() {
  return command('add', 'have something done with a pool by the clock')
    .argument('<name>', "the schedule's name")
    .requiredOption('--pool <name>', 'the pool')
    .requiredOption(
      '--cron <line>',
      'when: minute hour day-of-month month day-of-week, @daily and the like, @every 30s',
    )
    .option('--timezone <name>', 'whose clock, as Asia/Shanghai; UTC when not given')
    .addOption(count('--expand-by', 'so many nodes more'))
    .addOption(count('--expand-to', 'up to so many nodes'))
    .addOption(count('--shrink-by', 'so many nodes fewer'))
    .addOption(count('--shrink-to', 'down to so many nodes'))
    .option('--deploy', "the pool's deploy template on its nodes")
    .option('--param <name=value>', "a parameter of the pool's template for it; may be repeated", collect, [])
    .addOption(
      new Option('--overlap <how>', 'when its task before has not ended: leave the time out, queue it, or allow both')
        .choices(OVERLAPS)
        .default('skip' as const),
    )
    .option('--catch-up <duration>', 'make up for times missed for not longer than this, as 10m; 1m when not given')
    .option('--desc <text>', 'for people')
    .addHelpText(
      'after',
      examples(
        'drover schedule add web-morning --pool web --cron "0 8 * * 1-5" --timezone Asia/Shanghai --expand-to 10',
        'drover schedule add web-night --pool web --cron "0 22 * * *" --timezone Asia/Shanghai --shrink-to 4',
        'drover schedule add web-weekly --pool web --cron @weekly --deploy --param tag=stable',
      ),
    )
    .action(async (name, { json, server, pool, cron, timezone, param, overlap, catchUp, desc, ...amounts }) => {
      const { readScheduled } = await import('../input/schedule.ts');
      const { action, params } = readScheduled(amounts satisfies ScheduleAmounts, param);
      const document = {
        ...{ name, pool, cron, do: action, overlap },
        ...(timezone !== undefined && { timezone }),
        ...(Object.keys(params).length > 0 && { params }),
        ...(catchUp !== undefined && { catchUp }),
        ...(desc !== undefined && { desc }),
      };
      const { Api } = await import('../server/api.ts');
      const schedule = await new Api(server).send<ScheduleView>('POST', '/api/v1/schedules', document);
      await tell({ json }, schedule);
    });
}

function list() {
  return command('list', 'list schedules by name, with when they come next')
    .option('--pool <name>', 'only those of this pool')
    .option('--search <text>', 'only those with this in their name or description')
    .option('--limit <n>', 'at most so many', '100')
    .action(async ({ json, server, pool, search, limit }) => {
      const { Api, withQuery } = await import('../server/api.ts');
      const path = withQuery('/api/v1/schedules', { pool, search, limit });
      const schedules = await new Api(server).get<ScheduleList>(path);
      const { out } = await import('../print/out.ts');
      const { scheduleTable } = await import('../print/schedule.ts');
      out({ json }, schedules, () => scheduleTable(schedules));
    });
}

function show() {
  return command('show', 'show a schedule, when it comes next, and the tasks that it has started')
    .argument('<name>', "the schedule's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      await tell({ json }, await new Api(server).get<ScheduleView>(schedulePath(name)));
    });
}

function pause() {
  return command('pause', 'start nothing until it is resumed; what runs goes on')
    .argument('<name>', "the schedule's name")
    .option('--note <text>', 'why, for others to see')
    .action(async (name, { json, server, note }) => {
      const { Api } = await import('../server/api.ts');
      const body = note === undefined ? {} : { note };
      await tell({ json }, await new Api(server).send<ScheduleView>('POST', schedulePath(name, '/pause'), body));
    });
}

function resume() {
  return command('resume', 'go on with the next time; those that came meanwhile are left out')
    .argument('<name>', "the schedule's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      await tell({ json }, await new Api(server).send<ScheduleView>('POST', schedulePath(name, '/resume')));
    });
}

function trigger() {
  return command('trigger', 'start its task now, paused or not')
    .argument('<name>', "the schedule's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      const { out, remark } = await import('../print/out.ts');
      const started = await new Api(server).send<{ task: string }>('POST', schedulePath(name, '/trigger'));
      out({ json }, started, () => started.task);
      remark(`  drover watch ${started.task}`);
    });
}

function backfill() {
  return command('backfill', 'start what it would have started in a span of time that has passed')
    .argument('<name>', "the schedule's name")
    .requiredOption('--from <time>', 'as 2026-03-01T08:00:00Z, or 6h, 2d ago')
    .requiredOption('--to <time>', 'the same; both included')
    .addOption(
      new Option('--overlap <how>', 'queue: one after another; allow: all at once, to wait for their turn in the pool')
        .choices(OVERLAPS)
        .default('queue' as const),
    )
    .action(async (name, { json, server, from, to, overlap }) => {
      const { timeAgo } = await import('../input/time.ts');
      const span = { from: timeAgo('--from', from), to: timeAgo('--to', to), overlap };
      const { Api } = await import('../server/api.ts');
      const { out } = await import('../print/out.ts');
      const answer = await new Api(server).send<{ runs: number }>('POST', schedulePath(name, '/backfill'), span);
      out(
        { json },
        answer,
        () => `${answer.runs === 1 ? '1 time' : `${answer.runs} times`} of ${name} are made up for`,
      );
    });
}

function remove() {
  return command('remove', 'remove a schedule; what it has started goes on')
    .argument('<name>', "the schedule's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      const { out, remark } = await import('../print/out.ts');
      await new Api(server).send('DELETE', schedulePath(name), undefined, { 'if-match': '*' });
      remark(`${name} is removed`);
      if (json) out({ json }, { removed: name }, () => '');
    });
}

async function tell(options: { json: true | undefined }, schedule: ScheduleView): Promise<void> {
  const { out } = await import('../print/out.ts');
  const { scheduleText } = await import('../print/schedule.ts');
  out(options, schedule, () => scheduleText(schedule));
}

function schedulePath(name: string, rest = ''): string {
  return `/api/v1/schedules/${encodeURIComponent(name)}${rest}`;
}
