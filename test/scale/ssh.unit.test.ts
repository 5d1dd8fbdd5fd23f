import { describe, expect, it } from 'vitest';
import { openProvider } from '../../scale/open.ts';
import type { Taker } from '../../scale/provider.ts';
import { calling, giving } from './asking.ts';

const SPARES = [
  {
    name: 's1',
    address: '192.0.2.51',
    port: 2222,
    user: 'deploy',
    identityFile: '~/.ssh/spare',
    labels: { zone: 'a' },
  },
  { name: 's2', address: '192.0.2.52' },
];

async function opened(within?: number): Promise<Taker> {
  const made = await openProvider({ ssh: { spares: SPARES, ...(within !== undefined && { within }) } }, giving());
  if (made.how !== 'takes') throw new Error('ssh takes spares');
  return made;
}

describe('spare machines', () => {
  it('are listed with all that is known of how to reach them', async () => {
    const provider = await opened();
    expect(await provider.list(calling())).toEqual([
      {
        id: 's1',
        status: 'spare',
        detail: 'spare',
        address: '192.0.2.51',
        ssh: { port: 2222, user: 'deploy', identityFile: '~/.ssh/spare', labels: { zone: 'a' } },
      },
      { id: 's2', status: 'spare', detail: 'spare', address: '192.0.2.52', ssh: {} },
    ]);
    expect(await provider.list(calling(), ['s2', 's9'])).toMatchObject([{ id: 's2' }]);
  });

  it('stay spare when they are taken and given back: nothing but Drover knows which are', async () => {
    const provider = await opened();
    expect(provider.isPassive).toBe(true);
    await provider.take(['s1'], {}, calling());
    expect(await provider.list(calling())).toMatchObject([{ status: 'spare' }, { status: 'spare' }]);
    await provider.release(['s1'], {}, calling());
    expect(await provider.list(calling())).toHaveLength(2);
  });

  it('are waited for as long as the pool says', async () => {
    expect((await opened()).timing.within).toBe(900_000);
    expect((await opened(60_000)).timing.within).toBe(60_000);
  });
});
