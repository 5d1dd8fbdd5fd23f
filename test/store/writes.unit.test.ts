import { describe, expect, test } from 'vitest';

import { inGroups, type WriteKind } from '../../store/writes.ts';

const kind = (name: string, stacks = false): WriteKind<unknown> & { name: string } => ({
  name,
  stacks,
  apply: () => Promise.resolve(),
  keys: (write) => [String(write)[0] ?? ''],
});
const begin = kind('begin');
const finish = kind('finish');
const append = kind('append', true);

describe('writes of a transaction', () => {
  const groups = (...batch: [typeof begin, string][]) =>
    inGroups(batch.map(([kind, write]) => ({ kind, write }))).map(({ kind, writes }) => [
      (kind as typeof begin).name,
      writes,
    ]);

  test('to different rows go together, by kind', () => {
    expect(groups([begin, 'a'], [finish, 'b'], [begin, 'c'], [finish, 'd'])).toEqual([
      ['begin', ['a', 'c']],
      ['finish', ['b', 'd']],
    ]);
  });

  test('to one row keep their order', () => {
    expect(groups([begin, 'a1'], [finish, 'a2'], [begin, 'a3'], [begin, 'b1'])).toEqual([
      ['begin', ['a1', 'b1']],
      ['finish', ['a2']],
      ['begin', ['a3']],
    ]);
  });

  test('of a kind that stacks go together even to one row', () => {
    expect(groups([append, 'a1'], [append, 'a2'], [finish, 'a3'], [append, 'a4'])).toEqual([
      ['append', ['a1', 'a2']],
      ['finish', ['a3']],
      ['append', ['a4']],
    ]);
  });
});
