import { rm, writeFile } from 'node:fs/promises';

export interface SudoRule {
  withdraw(): Promise<void>;
}

/** Lets the login user of the test nodes do anything by `sudo -n`, until it is withdrawn. As root only. */
export async function allowSudo(user: string): Promise<SudoRule> {
  if (process.getuid?.() !== 0) return { withdraw: () => Promise.resolve() };
  const file = `/etc/sudoers.d/drover-test-${process.pid}`;
  await writeFile(file, `${user} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
  return { withdraw: () => rm(file, { force: true }) };
}
