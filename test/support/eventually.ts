import { setTimeout as delay } from 'node:timers/promises';

/** Tries `assertion` again and again until it does not throw; its value. After `within` ms its last error is thrown. */
export async function eventually<T>(assertion: () => T | Promise<T>, { within = 10_000 } = {}): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(20);
  }
}
