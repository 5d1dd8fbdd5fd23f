import { parseArgs } from 'node:util';

const USAGE = `Usage: npm run demo [-- --keep]

Starts twelve nodes and the whole system on this machine, and deploys a new version to the nodes.

  --keep   stay up afterwards, until Ctrl-C`;

/** Exits after --help, and with 2 when there is something it does not know. */
export function readOptions(args: string[]): { keep: boolean } {
  try {
    const { values } = parseArgs({ args, options: { keep: { type: 'boolean' }, help: { type: 'boolean' } } });
    if (!values.help) return { keep: values.keep ?? false };
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}
