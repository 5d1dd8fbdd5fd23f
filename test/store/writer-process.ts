/** Writes to the folder it is given until it is killed; says on stdout what is committed. */
import { openStore } from '../../store/store.ts';
import { jobRef, stepRef, taskWithNodes } from './samples.ts';

const [, , folder = ''] = process.argv;
const store = await openStore({ folder });
const { id } = await taskWithNodes(store, 10_000);
console.log(`task ${id}`);
for (let no = 0; ; no++) {
  await store.ledger.begin(1, [stepRef(id, no, 0)]);
  await store.logs.append(jobRef(id, no), 'out', 0, Buffer.from(`line of ${no}\n`.repeat(500)), 7000);
  console.log(`committed ${no}`);
}
