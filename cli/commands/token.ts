import { ROLES, type Role } from '../../model/actor.ts';
import { bareCommand, command, examples } from '../command.ts';
import { Option } from '@commander-js/extra-typings';

interface CreatedToken {
  name: string;
  role: Role;
  secret: string;
}

/** Who may use a server. */
export function tokenCommand() {
  return bareCommand('token', 'make, list and revoke the tokens that people and programs show to the server')
    .addCommand(createToken())
    .addCommand(listTokens())
    .addCommand(revokeToken());
}

function createToken() {
  return command('create', 'make a token, and print it: it is shown this once')
    .argument('<name>', 'who or what it is for; what the audit shows')
    .addOption(
      new Option('--role <role>', 'viewer looks; operator also runs tasks and edits the catalogue; admin may do all')
        .choices(ROLES)
        .default('operator' as const),
    )
    .addHelpText('after', examples('drover token create alice --role admin', 'drover token create ci --role operator'))
    .action(async (name, { json, server, role }) => {
      const { Api } = await import('../server/api.ts');
      const { out, remark } = await import('../print/out.ts');
      const made = await new Api(server).send<CreatedToken>('POST', '/api/v1/tokens', { name, role });
      remark(
        `${made.name} is ${made.role} with this token; it is not shown again. The drover command takes it from DROVER_TOKEN`,
      );
      out({ json }, made, () => made.secret);
    });
}

function listTokens() {
  return command('list', 'list tokens, newest first; not the secrets, which are kept nowhere')
    .option('--revoked', 'also those that are revoked')
    .action(async ({ json, server, revoked }) => {
      const { Api } = await import('../server/api.ts');
      const { out } = await import('../print/out.ts');
      const { tokenTable } = await import('../print/access.ts');
      type List = { items: Parameters<typeof tokenTable>[0] };
      const list = await new Api(server).get<List>(`/api/v1/tokens?revoked=${revoked === true}`);
      out({ json }, list, () => tokenTable(list.items));
    });
}

function revokeToken() {
  return command('revoke', 'let nobody in with a token any more')
    .argument('<name>', "the token's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      const { out, remark } = await import('../print/out.ts');
      await new Api(server).send('DELETE', `/api/v1/tokens/${encodeURIComponent(name)}`);
      remark(`${name} is revoked`);
      if (json) out({ json }, { revoked: name }, () => '');
    });
}
