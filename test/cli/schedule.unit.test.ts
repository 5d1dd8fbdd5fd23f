import { describe, expect, it } from 'vitest';
import { readScheduled } from '../../cli/input/schedule.ts';
import { scheduleTable, scheduleText, type ScheduleView } from '../../cli/print/schedule.ts';

describe('what a schedule is to do', () => {
  it('is one of the options', () => {
    expect(readScheduled({ expandBy: '2' }, [])).toEqual({ action: { expand: { by: 2 } }, params: {} });
    expect(readScheduled({ expandTo: '10' }, [])).toMatchObject({ action: { expand: { to: 10 } } });
    expect(readScheduled({ shrinkBy: '2' }, [])).toMatchObject({ action: { shrink: { by: 2 } } });
    expect(readScheduled({ shrinkTo: '0' }, [])).toMatchObject({ action: { shrink: { to: 0 } } });
    expect(readScheduled({ deploy: true }, ['tag=7'])).toEqual({ action: { deploy: {} }, params: { tag: '7' } });
  });

  it('is refused as none, as several, and as what is no number', () => {
    expect(() => readScheduled({}, [])).toThrow('exactly one of --expand-by N');
    expect(() => readScheduled({ expandTo: '1', deploy: true }, [])).toThrow('exactly one of --expand-by N');
    for (const text of ['many', '-1', '1.5', ''])
      expect(() => readScheduled({ expandTo: text }, [])).toThrow(`--expand-to ${text}: expected a whole number`);
    expect(() => readScheduled({ deploy: true }, ['tag'])).toThrow('--param');
  });
});

const SCHEDULE: ScheduleView = {
  ...{ name: 'night', pool: 'web', cron: '0 22 * * *', timezone: 'Asia/Shanghai', do: { shrink: { to: 4 } } },
  ...{ overlap: 'skip', catchUp: '1m', paused: true, note: 'sale\u001b[31m', nextRuns: ['2026-11-21T22:00:00+08:00'] },
  ...{ running: ['night-1'], skippedRuns: 2, missedRuns: 1 },
  recentRuns: [{ task: 'night-1', scheduledAt: '2026-11-20T14:00:00.000Z', startedAt: '2026-11-20T14:00:01.000Z' }],
};

describe('a schedule in print', () => {
  it('tells why nothing comes, what it has started, and what was left out', () => {
    const text = scheduleText(SCHEDULE);
    expect(text).toContain('state        paused: sale\nrunning      night-1\n');
    expect(text).toContain('left out     2 as the task before had not ended, 1 as they were missed for too long\n');
    expect(text).toContain('\nnext, once it is resumed\n  2026-11-21 22:00:00 +08:00\n');
    expect(text).toMatch(/\nTASK +SCHEDULED\nnight-1 +2026-11-20 /);
  });

  it('says so when Temporal does not have it', () => {
    const items = [{ ...SCHEDULE, paused: null, nextRun: null }];
    expect(scheduleTable({ items, next: null })).toMatch(/shrink to 4 +not in Temporal yet$/);
    expect(scheduleTable({ items: [], next: null })).toBe('no schedules');
    expect(scheduleTable({ items, next: 'x' })).toContain('there are more');
  });
});
