import { runDemo } from './demo.ts';
import { readOptions } from './options.ts';

const options = readOptions(process.argv.slice(2));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted.abort();
  });
}
process.stdout.on('error', () => undefined); // a terminal that was closed; there is still tidying up to do
process.exit(await runDemo({ ...options, interrupted: interrupted.signal }));
