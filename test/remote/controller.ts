import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Fleet } from '../../remote/fleet.ts';
import { runJob } from '../../remote/job.ts';
import type { Target } from '../../remote/target.ts';

/** A process of its own that runs one job with files as its journal, to be killed. */
interface Order {
  target: Target;
  base: string;
  folder: string;
  id: string;
  script: string;
}

const { target, base, folder, id, script } = JSON.parse(process.argv[2] ?? '') as Order;
const file = (name: string) => `${folder}/${name}`;
const held = (stream: string) => statSync(file(stream)).size;

mkdirSync(folder, { recursive: true });
for (const stream of ['out', 'err']) appendFileSync(file(stream), '');
const fleet = new Fleet({ base: () => base });
const outcome = await runJob(
  fleet,
  target,
  {
    id,
    script,
    limit: 0,
    from: { out: held('out'), err: held('err') },
    ...(existsSync(file('token')) && { token: readFileSync(file('token'), 'utf8') }),
  },
  {
    begin: (token) => {
      writeFileSync(file('token'), token);
      return Promise.resolve();
    },
    output: (stream, _offset, bytes) => {
      appendFileSync(file(stream), bytes);
      return Promise.resolve();
    },
  },
);
writeFileSync(file('outcome'), JSON.stringify(outcome));
await fleet.close();
