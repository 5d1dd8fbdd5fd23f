import { runDemo } from './demo.ts';
import { readOptions } from './options.ts';

const options = readOptions(process.argv.slice(2));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted.abort();
  });
}
process.exit(await runDemo({ ...options, interrupted: interrupted.signal }));
