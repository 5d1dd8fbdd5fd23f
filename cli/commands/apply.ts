import type { Change, Kind } from '../../model/catalogue/document.ts';
import { command, examples } from '../command.ts';
import type { PlacedDocument } from '../input/catalogue.ts';
import type { Api } from '../server/api.ts';

interface Applied {
  changes: Change[];
  /** Of the catalogue as it was: to be told when somebody changes it meanwhile. */
  fingerprint: string;
  applied: boolean;
}

export function applyCommand() {
  return command('apply', 'make the catalogue as files have it: prints the difference, then makes it so')
    .argument('<path...>', 'YAML or JSON files, or folders of them (*.yaml, *.yml, *.json; hidden ones left out)')
    .option(
      '--prune',
      'also delete what the files do not have, of those kinds of which they have one at least: without a template in the files no template is deleted',
    )
    .option('--dry-run', 'print the difference, and change nothing')
    .addHelpText('after', examples('drover apply catalogue/ --dry-run', 'drover apply catalogue/ --prune'))
    .action(async (paths, { json, server, prune, dryRun }) => {
      const { readCatalogue } = await import('../input/catalogue.ts');
      const { documents, uploads } = readCatalogue(paths);
      const [{ Api }, { out, remark }, { changesText }] = await Promise.all([
        import('../server/api.ts'),
        import('../print/out.ts'),
        import('../print/changes.ts'),
      ]);
      const api = new Api(server);
      const options = prune ? { prune: true } : {};
      const { changes, fingerprint } = await ask(api, documents, { ...options, dryRun: true });
      if (!json) out({}, undefined, () => (changes.length === 0 ? nothingToDo(documents) : changesText(changes)));
      if (changes.length === 0 || dryRun) {
        if (json) out({ json }, { changes, applied: false }, () => '');
        return;
      }
      const { upload } = await import('../input/upload.ts');
      await upload(api, uploads);
      const { applied } = await ask(api, documents, { ...options, expected: fingerprint });
      if (json) out({ json }, { changes, applied }, () => '');
      else remark('applied');
    });
}

function nothingToDo(documents: readonly PlacedDocument[]): string {
  const kinds = new Set<Kind>(documents.map(({ document }) => document.kind));
  const count = documents.length === 1 ? '1 document' : `${documents.length} documents`;
  return `nothing to change: the catalogue has ${count} (${[...kinds].join(', ')}) just so`;
}

/** What the server finds wrong is told with the files and lines it came from. */
async function ask(
  api: Api,
  documents: readonly PlacedDocument[],
  options: { prune?: boolean; dryRun?: boolean; expected?: string },
): Promise<Applied> {
  const { Failure } = await import('../failure.ts');
  try {
    const body = { documents: documents.map(({ document }) => document), ...options };
    return await api.send<Applied>('POST', '/api/v1/apply', body);
  } catch (error) {
    if (!(error instanceof Failure) || error.problems.length === 0) throw error;
    const { placedProblems } = await import('../input/catalogue.ts');
    throw placedProblems(error.problems, documents);
  }
}
