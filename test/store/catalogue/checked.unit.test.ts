import { expect, test } from 'vitest';

import { checked } from '../../../store/catalogue/change.ts';
import { NameTaken, NoSuchReference } from '../../../store/catalogue/errors.ts';

const failing = (code: string) => Promise.reject(Object.assign(new Error('refused'), { code }));

test('what PostgreSQL refuses is said in the catalogue’s words', async () => {
  const missing = new NoSuchReference('clusterId', 'cluster', 7);
  await expect(checked('pool', 'web', failing('23505'))).rejects.toThrow(NameTaken);
  await expect(checked('service', 'web', failing('23503'), missing)).rejects.toBe(missing);
  await expect(checked('pool', 'web', failing('23503'))).rejects.toThrow('refused');
  await expect(checked('pool', 'web', failing('53300'))).rejects.toThrow('refused');
  expect(await checked('pool', 'web', Promise.resolve(1))).toBe(1);
});
