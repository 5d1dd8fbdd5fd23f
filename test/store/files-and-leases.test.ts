import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';

import { eventually } from '../support/eventually.ts';
import { describeStore } from './databases.ts';

describeStore('files', (store) => {
  test('are kept by what they contain', async () => {
    const bytes = randomBytes(3_000_000);
    const { sha256, size } = await store().files.put(bytes);
    expect(size).toBe(bytes.length);
    expect(await store().files.put(bytes)).toEqual({ sha256, size });
    expect(await store().files.has(sha256)).toBe(true);
    expect((await store().files.get(sha256))?.equals(bytes)).toBe(true);
    expect(await store().files.has('0'.repeat(64))).toBe(false);
    expect(await store().files.get('0'.repeat(64))).toBeUndefined();
  });

  test('may be empty', async () => {
    const { sha256 } = await store().files.put(Buffer.alloc(0));
    expect(await store().files.get(sha256)).toEqual(Buffer.alloc(0));
  });
});

describeStore('leases', (store) => {
  test('are had by one at a time', async () => {
    const takers = ['a', 'b', 'c', 'd'];
    const taken = await Promise.all(takers.map((holder) => store().leases.take('sweep', holder, 60_000)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    const holder = takers[taken.indexOf(true)] ?? '';
    expect(await store().leases.take('sweep', holder, 60_000)).toBe(true);
    await store().leases.release('sweep', 'another');
    expect(await store().leases.take('sweep', 'another', 60_000)).toBe(false);
    await store().leases.release('sweep', holder);
    expect(await store().leases.take('sweep', 'another', 60_000)).toBe(true);
  });

  test('run out', async () => {
    expect(await store().leases.take('short', 'a', 50)).toBe(true);
    expect(await store().leases.take('short', 'b', 60_000)).toBe(false);
    await eventually(async () => expect(await store().leases.take('short', 'b', 60_000)).toBe(true));
  });
});
