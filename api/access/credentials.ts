/** What an `Authorization` header says: a secret to look up, and the user's name that it may be instead. */
export interface Credentials {
  /** Undefined when there is none that Drover could know (another scheme, as Basic). */
  secret: string | undefined;
  /** Empty for what is a secret by its looks: that must never be taken, and recorded, as a name. */
  userName: string;
}

/** As many characters of a user's name are kept. */
const LONGEST_NAME = 200;

const SCHEME = /^(basic|bearer|digest|negotiate|ntlm|token|apikey|hmac|aws4-hmac-sha256)(\s|$)/i;

/** `Bearer SECRET`, or the secret alone, as OpenDCP's clients send it; or a bare user name. Undefined when the header is empty. */
export function credentialsIn(header: string | undefined): Credentials | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  if (SCHEME.test(text)) return { secret: /^bearer\s+(\S+)$/i.exec(text)?.[1], userName: '' };
  return { secret: text, userName: text.startsWith('drv_') ? '' : readable(text).slice(0, LONGEST_NAME) };
}

/** Node reads a header's bytes as Latin-1; clients write names in UTF-8. */
function readable(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}
