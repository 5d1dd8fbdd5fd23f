import { existsSync, readFileSync } from 'node:fs';

/** Of the package; its package.json is one folder up from the sources, two from dist/. */
export function packageVersion(): string {
  const fromSource = new URL('../package.json', import.meta.url);
  const fromDist = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(existsSync(fromSource) ? fromSource : fromDist, 'utf8')) as {
    version: string;
  };
  return version;
}
