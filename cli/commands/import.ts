import { Argument, Option } from '@commander-js/extra-typings';
import { command, examples } from '../command.ts';
import { remark } from '../print/out.ts';
import type { ImportReport } from '../print/import-report.ts';

export function importCommand() {
  return command('import', 'take over the catalogue of an OpenDCP: of a running orion, or from a file')
    .addArgument(new Argument('<from>', 'what it comes from').choices(['opendcp'] as const))
    .argument('<source>', "orion's URL, or a JSON file of its lists")
    .addOption(new Option('--token <text>', 'sent to orion as Authorization').env('ORION_TOKEN'))
    .option('--dry-run', 'tell what it would do, and change nothing')
    .addHelpText(
      'after',
      examples('drover import opendcp http://orion.example.net:8080 --dry-run', 'drover import opendcp catalogue.json'),
    )
    .action(async (_, source, { json, server, token, dryRun }) => {
      const { catalogue, warnings } = await readSource(source, token);
      const { Api } = await import('../server/api.ts');
      const place = `/api/v1/import/opendcp${dryRun ? '?dryRun=true' : ''}`;
      const answer = await new Api(server).send<ImportReport>('POST', place, catalogue);
      const report = { ...answer, warnings: [...answer.warnings, ...warnings] };
      const { out } = await import('../print/out.ts');
      const { reportText } = await import('../print/import-report.ts');
      out({ json }, report, () => reportText(report));
      if (dryRun) remark('nothing is changed: this was a dry run');
    });
}

async function readSource(source: string, token?: string): Promise<{ catalogue: unknown; warnings: string[] }> {
  if (!/^https?:\/\//i.test(source)) {
    const { readCatalogueJson } = await import('../import/file.ts');
    return { catalogue: readCatalogueJson(source), warnings: [] };
  }
  const { Orion } = await import('../import/orion.ts');
  const { readOrion } = await import('../import/read-orion.ts');
  remark(`reading ${source}`);
  return readOrion(new Orion(source, token));
}
