import { Option } from '@commander-js/extra-typings';
import { KINDS, type Kind } from '../../model/catalogue/document.ts';
import type { Written } from '../../model/catalogue/written.ts';
import { collect, command, examples } from '../command.ts';
import { badInput } from '../failure.ts';
import type { WrittenFile } from '../print/catalogue-files.ts';

export function exportCommand() {
  return command('export', 'write the catalogue as files that apply takes')
    .argument('[folder]', 'gets one file a kind: clusters.yaml, services.yaml, …; without it all goes to stdout')
    .addOption(
      new Option('--kind <kind>', `only these: ${KINDS.join(', ')}; may be repeated`)
        .argParser(collect)
        .default<string[]>([]),
    )
    .addHelpText('after', examples('drover export catalogue/', 'drover export --kind template > templates.yaml'))
    .action(async (folder, { json, server, kind: kinds }) => {
      const { Api } = await import('../server/api.ts');
      const wanted = kinds.length > 0 ? kinds.map(kindNamed) : KINDS;
      const { documents } = await new Api(server).get<{ documents: Written[] }>('/api/v1/export');
      const kept = inOrder(documents.filter(({ kind }) => wanted.includes(kind)));
      const { out } = await import('../print/out.ts');
      if (folder !== undefined) {
        const { writeCatalogue } = await import('../print/catalogue-files.ts');
        const files = await writeCatalogue(folder, kept, wanted);
        out({ json }, { files }, () => files.map(fileLine).join('\n') || 'nothing to write: the catalogue is empty');
        return;
      }
      const { yamlText } = await import('../print/yaml.ts');
      if (json) out({ json }, { documents: kept }, () => '');
      else process.stdout.write(yamlText(kept));
    });
}

/** By kind, then by name: equal catalogues are written alike, whatever was there first. */
function inOrder(documents: readonly Written[]): Written[] {
  return documents.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}

function fileLine({ file, documents }: WrittenFile): string {
  if (documents === 0) return `${file}: removed, there is nothing of its kind`;
  return `${file}: ${documents === 1 ? '1 document' : `${documents} documents`}`;
}

function kindNamed(text: string): Kind {
  const kind = KINDS.find((one) => one === text || `${one}s` === text);
  if (!kind) throw badInput(`--kind: is "${text}", expected ${KINDS.join(', ')}`);
  return kind;
}
