// `npm run build`: dist/, as it is published. Nothing here needs the network.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const begun = new Date();
rmSync('dist', { recursive: true, force: true });
compile();
copyWhatIsNotTypeScript();
await bundleWorkflows();
await makeDatabaseSeed();
markWhole();

function compile() {
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** The scripts that go to nodes. */
function copyWhatIsNotTypeScript() {
  const { include: rooms } = JSON.parse(readFileSync('tsconfig.build.json', 'utf8'));
  for (const room of rooms) {
    for (const entry of readdirSync(room, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && !file.endsWith('.ts')) copyFileSync(file, join('dist', file));
    }
  }
}

/** A worker reads it in milliseconds; bundling takes it seconds. */
async function bundleWorkflows() {
  const { bundleWorkflows: bundle } = await import('../dist/worker/bundle.js');
  const { code } = await bundle();
  writeFileSync('dist/worker/workflows.bundle.cjs', code); // where worker/bundle.ts looks for it
}

/** The embedded database starts from it in a fifth of the time. */
async function makeDatabaseSeed() {
  const { makeSeed } = await import('../dist/store/seed.js');
  await makeSeed();
}

/** Last. Its time is the beginning's: what was changed meanwhile is newer, and bin/drover then runs the sources. */
function markWhole() {
  writeFileSync('dist/.built', '');
  utimesSync('dist/.built', begun, begun);
}
