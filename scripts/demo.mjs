// `npm run demo`: nothing but Node may be there yet.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

if (!existsSync('node_modules/.package-lock.json')) {
  console.log('node_modules is missing: running npm ci');
  const { status } = spawnSync('npm', ['ci', '--loglevel', 'error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const tsx = pathToFileURL(join('node_modules', 'tsx', 'dist', 'loader.mjs')).href;
const demo = spawn(process.execPath, ['--import', tsx, 'demo/main.ts', ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C and a closed terminal reach the demo by themselves; it tidies up, and we wait for that.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => demo.kill('SIGTERM'));
demo.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
