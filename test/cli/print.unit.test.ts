import { describe, expect, it } from 'vitest';
import { countsText } from '../../cli/print/counts.ts';
import { table } from '../../cli/print/table.ts';
import { cut, plain } from '../../cli/print/text.ts';
import { duration, took } from '../../cli/print/time.ts';
import { noCounts } from '../../model/status.ts';

describe('a duration', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [4200, '4.2 s'],
    [30_000, '30 s'],
    [185_000, '3 m 05 s'],
    [300_000, '5 m'],
    [7_800_000, '2 h 10 m'],
  ])('of %i ms is "%s"', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('goes on until now while there is no end, and is empty before the beginning', () => {
    expect(took('2026-01-01T00:00:00.000Z', null, Date.parse('2026-01-01T00:00:05.000Z'))).toBe('5 s');
    expect(took(null, null)).toBe('');
  });
});

describe('text', () => {
  it('from nodes does not reach the terminal as commands, nor on several lines', () => {
    expect(plain('\u001b[31mred\u001b[0m\nnext\u0007')).toBe('red next');
  });

  it('is cut to a width', () => {
    expect(cut('12345', 5)).toBe('12345');
    expect(cut('123456', 5)).toBe('1234…');
  });
});

it('a table has columns as wide as their widest cell, colours not counted', () => {
  expect(
    table(
      ['A', 'B'],
      [
        ['\u001b[31mlong\u001b[39m', 'x'],
        ['y', 'z'],
      ],
    ),
  ).toBe('A     B\n\u001b[31mlong\u001b[39m  x\ny     z');
});

it('counts name only the statuses that there are', () => {
  expect(countsText({ ...noCounts(), total: 4, ok: 3, timed_out: 1 })).toBe('4 nodes: 3 ok, 1 timed out');
  expect(countsText({ ...noCounts(), total: 1 })).toBe('1 node');
});
