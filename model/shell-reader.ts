/** Where in shell text a value is to be put: within which quotes, or why nothing can be put there. */
export type Place = { quotes: 'plain' | 'double' | 'single' } | { refused: string };

/**
 * `plain` is the script itself, `substitution` the inside of `$(…)`, which is read as plain text again.
 * `depth` counts the parentheses that are open in a substitution or in `((…))`.
 */
type Frame =
  | { kind: 'plain' | 'single' | 'ansi' | 'backtick' }
  | { kind: 'double'; inBraces: boolean }
  | { kind: 'braces'; quoted: boolean }
  | { kind: 'substitution' | 'arithmetic'; depth: number };

interface HereDocument {
  delimiter: string;
  tabs: boolean;
  quoted: boolean;
  /** How deep the frames were where it was named. */
  level: number;
}

const REFUSED: Partial<Record<Frame['kind'], string>> = {
  ansi: "inside $'…'",
  backtick: 'inside backticks (`$(…)` is fine)',
  braces: 'inside ${…}',
  arithmetic: 'inside ((…))',
};

/**
 * Reads shell text as far as telling quotes needs, as dash, bash and busybox agree on it. Where they do not agree, or telling
 * would take a whole shell parser, it remembers that it is `lost`, and refuses every place that comes after.
 */
export class ShellReader {
  private readonly frames: Frame[] = [{ kind: 'plain' }];
  private lost: string | undefined;
  private escaped = false;
  private afterDollar = false;
  private inComment = false;
  /** Inside a here-document, or its delimiter, that the text read so far does not end. */
  private inHereDocument = false;
  private pending: HereDocument[] = [];
  /** A `#` here would begin a comment. */
  private atWordStart = true;
  /** What of the present word stands without quotes; quoted parts leave a `"`. */
  private word = '';

  read(text: string): void {
    for (let at = 0; at < text.length;) at = this.step(text, at);
  }

  /** Where a value would stand now. A value that is put there counts as a quoted part of a word. */
  place(): Place {
    const refused = this.refusal();
    if (refused !== undefined) return { refused };
    const { kind } = this.top();
    this.afterDollar = false;
    if (kind === 'double' || kind === 'single') return { quotes: kind };
    this.inWord('"');
    return { quotes: 'plain' };
  }

  private refusal(): string | undefined {
    if (this.inComment) return 'in a comment';
    if (this.inHereDocument) return 'in a here-document';
    for (const frame of this.frames) {
      const refused = REFUSED[frame.kind];
      if (refused !== undefined) return refused;
    }
    if (this.lost !== undefined) return this.lost;
    if (this.escaped) return 'right after a backslash';
    if (this.top().kind === 'double' || this.top().kind === 'single') return undefined;
    if (this.afterDollar) return 'right after a `$`';
    if (/^(?:[A-Za-z_]\w*)?\[[^\]]*$/.test(this.word)) return 'inside an array subscript';
    return undefined;
  }

  private step(text: string, at: number): number {
    const frame = this.top();
    switch (frame.kind) {
      case 'plain':
      case 'substitution':
        return this.stepPlain(text, at, frame);
      case 'double':
        return this.stepDouble(text, at, frame.inBraces);
      case 'single':
        return this.stepTo("'", text, at);
      case 'ansi':
        if (text.startsWith("\\'", at)) this.loseWay("after a $'…' with \\' in it, which shells read in two ways");
        return text[at] === '\\' ? this.escape(text, at) : this.stepTo("'", text, at);
      case 'backtick':
        return this.escaped || text[at] === '\\' ? this.escape(text, at) : this.stepTo('`', text, at);
      case 'braces':
        return this.stepBraces(text, at, frame.quoted);
      case 'arithmetic':
        return this.stepArithmetic(text, at, frame);
    }
  }

  private stepPlain(text: string, at: number, frame: { kind: 'plain' } | { kind: string; depth?: number }): number {
    if (this.inComment) return this.skipComment(text, at);
    const char = text.charAt(at);
    if (this.escaped || char === '\\') return this.escape(text, at);
    if (char === '#' && this.atWordStart) {
      this.inComment = true;
      return at + 1;
    }
    const opened = this.open(text, at);
    if (opened !== undefined) return opened;
    switch (char) {
      case ' ':
      case '\t':
        this.endWord();
        return at + 1;
      case '\n':
        this.endWord();
        return this.pending.length > 0 ? this.skipHereDocuments(text, at + 1) : at + 1;
      case '(':
        return this.openParenthesis(text, at, frame);
      case ')':
        this.endWord();
        this.closeParenthesis(frame);
        return at + 1;
      case '<':
        this.endWord();
        if (text.startsWith('<<<', at)) return at + 3;
        return text.startsWith('<<', at) ? this.nameHereDocument(text, at + 2) : at + 1;
      case ';':
      case '&':
      case '|':
      case '>':
        this.endWord();
        return at + 1;
      default:
        this.inWord(char);
        this.afterDollar = char === '$';
        return at + 1;
    }
  }

  private stepDouble(text: string, at: number, inBraces: boolean): number {
    const char = text.charAt(at);
    if (this.escaped || char === '\\') return this.escape(text, at);
    if (char === '"') return this.close(at + 1);
    if (char === '}' && inBraces) this.loseWay('after a } in quotes inside a quoted ${…}');
    if (char === '\n') this.crossLine();
    return (char !== "'" ? this.open(text, at) : undefined) ?? at + 1;
  }

  private stepTo(end: string, text: string, at: number): number {
    if (text[at] === '\n') this.crossLine();
    return text[at] === end ? this.close(at + 1) : at + 1;
  }

  private stepBraces(text: string, at: number, quoted: boolean): number {
    const char = text.charAt(at);
    if (this.escaped || char === '\\') return this.escape(text, at);
    if (char === '}') return this.close(at + 1);
    if (char === '\n') this.crossLine();
    if (char === '"') return this.push({ kind: 'double', inBraces: quoted }, at + 1);
    if (char === "'" && quoted) return this.skipDoubtfulQuotes(text, at);
    return this.open(text, at) ?? at + 1;
  }

  /** In `"${x:-'…'}"` shells differ on whether `'` quotes; it makes no difference while nothing in between is special. */
  private skipDoubtfulQuotes(text: string, at: number): number {
    const end = text.indexOf("'", at + 1);
    if (end >= 0 && !/[}"`$\\\n]/.test(text.slice(at + 1, end))) return end + 1;
    this.loseWay("after a ' inside a quoted ${…}, which shells read in two ways");
    return at + 1;
  }

  private stepArithmetic(text: string, at: number, frame: { depth: number }): number {
    const char = text.charAt(at);
    if (char === '"' || char === "'" || char === '\\') this.loseWay('after a quote inside ((…))');
    if (char === '\n') this.crossLine();
    if (char === '(') frame.depth++;
    if (char === ')') frame.depth--;
    if (char === ')' && frame.depth === 1) {
      if (text[at + 1] !== ')') this.loseWay('after a `((` that is no arithmetic (write `( (`)');
      return this.close(at + 2);
    }
    return (char === '$' || char === '`' ? this.open(text, at) : undefined) ?? at + 1;
  }

  /** What opens quotes or a substitution; undefined when nothing begins here. */
  private open(text: string, at: number): number | undefined {
    if (!`'"\`$`.includes(text.charAt(at))) return undefined;
    const quoted = this.top().kind === 'double';
    const opens = (start: string) => text.startsWith(start, at);
    if (opens('$$')) return this.readProcessId(text, at);
    if (opens("'")) return this.push({ kind: this.afterDollar ? 'ansi' : 'single' }, at + 1);
    if (opens('"')) return this.push({ kind: 'double', inBraces: false }, at + 1);
    if (opens('`')) return this.push({ kind: 'backtick' }, at + 1);
    if (opens('$((')) return this.push({ kind: 'arithmetic', depth: 2 }, at + 3);
    if (opens('$(')) return this.push({ kind: 'substitution', depth: 0 }, at + 2);
    if (opens('$[')) this.loseWay('after a `$[`, which is arithmetic to some shells');
    if (opens('${')) {
      if (/^\$\{[\s|]/.test(text.slice(at, at + 3))) this.loseWay('after a `${ `');
      return this.push({ kind: 'braces', quoted }, at + 2);
    }
    if (opens("$'") && !quoted) this.afterDollar = true;
    return undefined;
  }

  /** `$$(` is the shell's process id and a parenthesis, but to bash, within quotes, a substitution. */
  private readProcessId(text: string, at: number): number {
    const { kind } = this.top();
    if (kind === 'plain' || kind === 'substitution') this.inWord('"');
    if (/[({['$]/.test(text.charAt(at + 2)))
      this.loseWay(`after a \`$$${text.charAt(at + 2)}\`, which shells read in two ways`);
    this.afterDollar = true;
    return at + 2;
  }

  private openParenthesis(text: string, at: number, frame: { kind: string; depth?: number }): number {
    if (text.startsWith('((', at) && this.atWordStart) return this.push({ kind: 'arithmetic', depth: 2 }, at + 2);
    if (/[@?*+!]$/.test(this.word)) this.loseWay('after a `(` that some shells read as part of a pattern');
    if (frame.depth !== undefined) frame.depth++;
    this.endWord();
    return at + 1;
  }

  private closeParenthesis(frame: { kind: string; depth?: number }): void {
    if (frame.depth === undefined) return;
    if (frame.depth > 0) {
      frame.depth--;
      return;
    }
    if (this.pending.some(({ level }) => level === this.frames.length))
      this.loseWay('after an unfinished here-document');
    this.close(0);
  }

  private skipComment(text: string, at: number): number {
    const end = text.indexOf('\n', at);
    if (end < 0) return text.length;
    this.inComment = false;
    return end;
  }

  /** A backslash and what it quotes, which may be in the next text. A line that goes on joins what is on both its sides. */
  private escape(text: string, at: number): number {
    const first = this.escaped ? at : at + 1;
    if (first >= text.length) {
      this.escaped = true;
      return first;
    }
    this.escaped = false;
    const plain = this.top().kind === 'plain' || this.top().kind === 'substitution';
    if (text[first] !== '\n') {
      if (plain) this.inWord('"');
      this.afterDollar = false;
      return first + 1;
    }
    const joins =
      /[\w$<({]$/.test(text.slice(Math.max(0, first - 2), first - 1)) && /^[^\s]/.test(text.slice(first + 1));
    if (joins || this.afterDollar) this.loseWay('after a line that goes on in the middle of a word');
    return first + 1;
  }

  /** `<<` has been read: what ends the document, which begins at the next line. */
  private nameHereDocument(text: string, from: number): number {
    const [whole, dash = '', word = ''] = /^(-?)[ \t]*((?:[^\s;&|<>()'"\\]|'[^']*'|"[^"]*"|\\.)*)/.exec(
      text.slice(from),
    ) ?? [''];
    const end = from + whole.length;
    if (end >= text.length) this.inHereDocument = true;
    if (/[$`]/.test(word) || (word === '' && end < text.length))
      this.loseWay('after a here-document with an odd delimiter');
    this.pending.push({
      delimiter: word.replace(/\\(.)|['"]/g, '$1'),
      tabs: dash === '-',
      quoted: /['"\\]/.test(word),
      level: this.frames.length,
    });
    this.inWord('"');
    return end;
  }

  private skipHereDocuments(text: string, from: number): number {
    const documents = this.pending;
    this.pending = [];
    this.checkLevel(documents);
    let at = from;
    for (const document of documents) {
      const end = this.skipHereDocument(document, text, at);
      if (end === undefined) {
        this.inHereDocument = true;
        return text.length;
      }
      at = end;
    }
    return at;
  }

  /** Where the line after the document begins; undefined when its end is not in this text. */
  private skipHereDocument({ delimiter, tabs, quoted }: HereDocument, text: string, from: number): number | undefined {
    for (let at = from; ;) {
      const end = text.indexOf('\n', at);
      if (end < 0) return undefined;
      const line = text.slice(at, end);
      if ((tabs ? line.replace(/^\t+/, '') : line) === delimiter) return end + 1;
      if (!quoted && isOpenEnded(line))
        this.loseWay('after a here-document with a substitution or a \\ over several lines');
      at = end + 1;
    }
  }

  /** A line ends inside quotes: where a here-document that was named before begins is no longer clear. */
  private crossLine(): void {
    if (this.pending.length > 0) this.loseWay('after a here-document that begins on a line with unfinished quotes');
  }

  private checkLevel(documents: HereDocument[]): void {
    if (documents.some(({ level }) => level !== this.frames.length)) {
      this.loseWay('after a here-document that begins inside a `$(…)`');
    }
  }

  private top(): Frame {
    return this.frames.at(-1) ?? { kind: 'plain' };
  }

  private push(frame: Frame, next: number): number {
    if (frame.kind === 'substitution') this.endWord();
    else this.inWord('"');
    this.afterDollar = false;
    this.frames.push(frame);
    return next;
  }

  private close(next: number): number {
    this.frames.pop();
    this.inWord('"');
    this.afterDollar = false;
    return next;
  }

  private inWord(part: string): void {
    this.atWordStart = false;
    this.afterDollar = false;
    this.word += part;
  }

  /** A `)` after a pattern of `case` closes nothing, but in a `$(…)` only a whole parser can tell which those are. */
  private endWord(): void {
    if (this.word === 'case' && this.frames.some(({ kind }) => kind === 'substitution' || kind === 'arithmetic')) {
      this.loseWay('after a `case` inside $(…)');
    }
    this.word = '';
    this.atWordStart = true;
    this.afterDollar = false;
  }

  private loseWay(where: string): void {
    this.lost ??= where;
  }
}

function isOpenEnded(line: string): boolean {
  const count = (char: string) => line.split(char).length - 1;
  const backslashes = /\\*$/.exec(line)?.[0].length ?? 0;
  if (backslashes % 2 === 1 || count('`') % 2 === 1) return true;
  return (line.includes('$(') && count('(') !== count(')')) || count('${') > count('}');
}
