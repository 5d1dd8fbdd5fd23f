import { describe, expect, test } from 'vitest';

import type { Actor } from '../../model/actor.ts';
import { NameTaken, NotFound } from '../../store/catalogue/errors.ts';
import { BadCursor } from '../../store/following.ts';
import { fresh } from './catalogue/samples.ts';
import { describeStore } from './databases.ts';

const ROOT: Actor = { name: 'root', role: 'admin', via: 'local', from: null };

describeStore('who may do what', (store) => {
  describe('a token', () => {
    test('is found by its secret, which is told once', async () => {
      const name = fresh('ci');
      const { token, secret } = await store().tokens.create(ROOT, { name, role: 'operator' });
      expect(secret).toMatch(/^drv_[\w-]{43}$/);
      expect(token).toEqual({
        ...{ id: expect.any(Number) as number, name, role: 'operator', createdAt: expect.any(Date) as Date },
        ...{ createdBy: 'root', lastUsedAt: null, revokedAt: null },
      });
      expect(await store().tokens.find(secret)).toEqual(token);
      const others = [
        '',
        'drv_',
        secret.slice(0, -1),
        `${secret}x`,
        `${secret.slice(0, -1)}!`,
        `drv_${'A'.repeat(43)}`,
      ];
      for (const other of others) expect(await store().tokens.find(other)).toBeUndefined();
      expect(JSON.stringify(await store().tokens.list())).not.toContain(secret.slice(4));
    });

    test('has a name that no other live one has', async () => {
      const name = fresh('CI');
      const role = 'viewer';
      await store().tokens.create(ROOT, { name, role });
      const again = store().tokens.create(ROOT, { name: name.toLowerCase(), role });
      await expect(again).rejects.toThrow(NameTaken);
      await store().tokens.revoke(ROOT, name);
      expect((await store().tokens.create(ROOT, { name, role })).token.name).toBe(name);
    });

    test('is not found any more once it is revoked, but listed among all', async () => {
      const name = fresh('ci');
      const before = await store().tokens.count();
      const { token, secret } = await store().tokens.create(ROOT, { name, role: 'admin' });
      expect(await store().tokens.count()).toBe(before + 1);
      await store().tokens.revoke(ROOT, name);
      expect(await store().tokens.count()).toBe(before);
      expect(await store().tokens.find(secret)).toBeUndefined();
      expect((await store().tokens.list()).map(({ id }) => id)).not.toContain(token.id);
      const [newest] = await store().tokens.list({ revoked: true });
      expect(newest).toEqual({ ...token, revokedAt: expect.any(Date) as Date });
      await expect(store().tokens.revoke(ROOT, name)).rejects.toThrow(NotFound);
    });

    test('keeps when it was used, to the minute', async () => {
      const { token, secret } = await store().tokens.create(ROOT, { name: fresh('ci'), role: 'viewer' });
      await store().tokens.used(token.id);
      const first = (await store().tokens.find(secret))?.lastUsedAt;
      expect(first).toBeInstanceOf(Date);
      await store().tokens.used(token.id);
      expect((await store().tokens.find(secret))?.lastUsedAt).toEqual(first);
    });

    test('leaves entries of its making and its end, without the secret', async () => {
      const name = fresh('ci');
      const { secret } = await store().tokens.create(ROOT, { name, role: 'viewer' });
      await store().tokens.revoke(ROOT, name);
      const { items } = await store().audit.list({ limit: 9, kind: 'token', name });
      expect(items).toMatchObject([
        { action: 'token.revoke', before: { role: 'viewer' }, actor: ROOT },
        { action: 'token.create', after: { role: 'viewer' }, actor: ROOT },
      ]);
      expect(JSON.stringify(items)).not.toContain(secret.slice(4));
    });
  });

  describe('the audit', () => {
    const pause = (name: string) => ({ action: 'task.pause', kind: 'task', name });

    test('says what was asked before it is done, and then how it went', async () => {
      const name = fresh('task');
      const entry = async () => (await store().audit.list({ limit: 1, name })).items[0];
      const result = await store().audit.around(ROOT, { ...pause(name), after: { why: 'disk' } }, async () => {
        expect(await entry()).toMatchObject({ outcome: 'asked' });
        return 'done';
      });
      expect(result).toBe('done');
      expect(await entry()).toEqual({
        ...{ id: expect.any(Number) as number, at: expect.any(Date) as Date, actor: ROOT, ...pause(name) },
        ...{ before: null, after: { why: 'disk' }, outcome: 'ok' },
      });
    });

    test('says why something did not happen', async () => {
      const name = fresh('task');
      const refused = store().audit.around(ROOT, pause(name), () => Promise.reject(new Error('it has ended')));
      await expect(refused).rejects.toThrow('it has ended');
      expect((await store().audit.list({ limit: 1, name })).items).toMatchObject([{ outcome: 'it has ended' }]);
    });

    test('lists the newest first, in pages, by whoever, whatever and whenever', async () => {
      const ann: Actor = { name: fresh('ann'), role: 'operator', via: 'trusted', from: '192.0.2.1' };
      const names = Array.from({ length: 5 }, (_, i) => fresh(`t${i}`));
      for (const name of names) await store().audit.write(ann, { ...pause(name), before: { a: [1, 'x'] } });
      await store().audit.write(ann, { action: 'step.create', kind: 'step', name: 's' });
      const query = { actor: ann.name, kind: 'task', limit: 2 };
      const first = await store().audit.list(query);
      const second = await store().audit.list({ ...query, cursor: first.next ?? '' });
      const third = await store().audit.list({ ...query, cursor: second.next ?? '' });
      const found = [first, second, third].flatMap(({ items }) => items);
      expect(found.map(({ name }) => name)).toEqual([...names].reverse());
      expect(found[0]).toMatchObject({ actor: ann, before: { a: [1, 'x'] }, after: null, outcome: 'ok' });
      expect(third).not.toHaveProperty('next');
      const [, , middle] = found;
      const since = await store().audit.list({ ...query, limit: 9, since: middle?.at ?? new Date() });
      const until = await store().audit.list({ ...query, limit: 9, until: middle?.at ?? new Date() });
      expect(since.items.length + until.items.length).toBe(5);
      expect(since.items).toContainEqual(middle);
      const steps = await store().audit.list({ limit: 9, actor: ann.name, action: 'step.create' });
      expect(steps.items.map(({ name }) => name)).toEqual(['s']);
    });

    test('refuses a cursor that no list gave', async () => {
      for (const cursor of ['', '1', 'W10']) {
        await expect(store().audit.list({ limit: 1, cursor })).rejects.toThrow(BadCursor);
      }
    });
  });
});
