const last = new Map<string, Promise<unknown>>();

/** Works of one key are done one after another, in the order in which they come. */
export async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const mine = (last.get(key) ?? Promise.resolve()).catch(() => undefined).then(work);
  last.set(key, mine);
  try {
    return await mine;
  } finally {
    if (last.get(key) === mine) last.delete(key);
  }
}
