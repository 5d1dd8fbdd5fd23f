import { Document, isScalar, Scalar, visit } from 'yaml';

/**
 * Documents as one YAML text, separated by `---`; read back it gives the same values to the byte. Texts of several lines
 * are literal blocks where YAML can hold them so.
 */
export function yamlText(documents: readonly object[]): string {
  return documents.map(oneText).join('---\n');
}

function oneText(value: object): string {
  // compat: words that older readers take for true, false or numbers are quoted.
  const document = new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(document, {
    Scalar(_, scalar) {
      if (isScalar(scalar) && typeof scalar.value === 'string') scalar.type = styleOf(scalar.value);
    },
  });
  return document.toString({ lineWidth: 0, minContentWidth: 0 });
}

/** A block would lose line ends that are not \n, and characters that no editor shows. `<<` alone would merge maps. */
function styleOf(text: string): Scalar.Type {
  if (text === '<<') return Scalar.QUOTE_DOUBLE;
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/.test(unpaired(text)))
    return Scalar.QUOTE_DOUBLE;
  if (text.includes('\n') && !/^\s/.test(text) && !/\n[\t ]+$/.test(text)) return Scalar.BLOCK_LITERAL;
  return text.includes('\n') ? Scalar.QUOTE_DOUBLE : Scalar.PLAIN;
}

/** Without the characters that two surrogates make together. */
function unpaired(text: string): string {
  return text.replaceAll(/[\ud800-\udbff][\udc00-\udfff]/g, '');
}
