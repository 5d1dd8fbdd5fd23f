import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { textReply } from '../schemas/stream.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}code{font-size:.95em}';

/** For a person who opens the server's address in a browser. Loads nothing from elsewhere. */
export function homeRoute(app: App, parts: Parts): void {
  const text = html(parts);
  app.get(
    '/',
    {
      config: { access: 'public' },
      schema: { summary: 'What this server is', tags: ['health'], response: { 200: textReply('text/html', 'a page') } },
    },
    async (_, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
        .send(text),
  );
}

function html({ version, temporalUi }: Parts): string {
  const links = [
    '<li><a href="/openapi.json">/openapi.json</a>: every call of the API under <code>/api/v1</code>, described</li>',
    '<li><a href="/readyz">/readyz</a>: whether tasks can be run; <a href="/metrics">/metrics</a> for Prometheus</li>',
    ...(temporalUi === undefined
      ? []
      : [`<li><a href="${escaped(temporalUi)}">Temporal's UI</a>: what runs, and its history</li>`]),
    '<li>The documentation is in the folder <code>docs/</code> of the package; <code>drover --help</code> for the command line</li>',
  ];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Drover</title><style>${STYLE}</style></head>
<body>
<h1>Drover ${escaped(version)}</h1>
<p>This server runs work on fleets of machines: tasks, their nodes and logs, and the catalogue of templates and pools.</p>
<ul>
${links.join('\n')}
</ul>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
