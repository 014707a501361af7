import { CommandError } from '../errors';

/**
 * MongoDB's regular expressions are PCRE. Most patterns mean the same in JavaScript, some mean something else without
 * any error (`$`, `.`, `\A`, `\Z`, `\s`): those are rewritten here, and what JavaScript has no word for is refused.
 */

function refuse(reason: string): never {
  throw new CommandError(51091, 'Location51091', `Regular expression is invalid: ${reason}`);
}

const ATOMS: Readonly<Record<string, string>> = {
  A: '(?<![\\s\\S])',
  z: '(?![\\s\\S])',
  Z: '(?=\\n?(?![\\s\\S]))',
  s: '[ \\t\\n\\v\\f\\r]',
  S: '[^ \\t\\n\\v\\f\\r]',
  h: '[ \\t\\u00a0]',
  N: '[^\\n]',
  R: '(?:\\r\\n|[\\n\\v\\f\\r\\u0085\\u2028\\u2029])',
  a: '\\x07',
  e: '\\x1b',
};
const CLASS_ATOMS: Readonly<Record<string, string>> = {
  s: ' \\t\\n\\v\\f\\r',
  h: ' \\t\\u00a0',
  a: '\\x07',
  e: '\\x1b',
  b: '\\b',
};
const SHARED_ESCAPES = 'dDwWnrtfv';
const SYNTAX_CHARACTERS = '^$\\.*+?()[]{}|/';

class Translator {
  private at = 0;
  private out = '';

  constructor(
    private readonly source: string,
    private readonly flags: ReadonlySet<string>,
  ) {}

  translate(): string {
    while (this.at < this.source.length) this.next();
    return this.out;
  }

  private next(): void {
    const char = this.source[this.at]!;
    if (char === '\\') return this.escape(false);
    if (char === '[') return this.characterClass();
    this.at += 1;
    if (this.flags.has('x') && /\s/.test(char)) return;
    if (this.flags.has('x') && char === '#') return this.skipComment();
    this.out += this.plain(char);
  }

  private skipComment(): void {
    const end = this.source.indexOf('\n', this.at);
    this.at = end === -1 ? this.source.length : end + 1;
  }

  private plain(char: string): string {
    const multiline = this.flags.has('m');
    switch (char) {
      case '.':
        return this.flags.has('s') ? '[\\s\\S]' : '[^\\n]';
      case '^':
        // In PCRE a line starts after a line feed, but not after one that ends the text.
        return multiline ? '(?:(?<![\\s\\S])|(?<=\\n)(?=[\\s\\S]))' : '(?<![\\s\\S])';
      case '$':
        return multiline ? '(?![^\\n])' : '(?=\\n?(?![\\s\\S]))';
      case '{':
        return /^\d+(,\d*)?\}/.test(this.source.slice(this.at)) ? this.quantifier() : '\\{';
      case '}':
      case ']':
        return `\\${char}`;
      case '(':
        return this.group();
      default:
        return char;
    }
  }

  private quantifier(): string {
    const end = this.source.indexOf('}', this.at) + 1;
    const text = this.source.slice(this.at, end);
    this.at = end;
    return `{${text}`;
  }

  private group(): string {
    if (this.source[this.at] === '*') refuse('verbs such as (*UCP) are not supported by this store');
    if (this.source.startsWith('?#', this.at)) {
      const end = this.source.indexOf(')', this.at);
      if (end === -1) refuse('missing ) after (?# comment');
      this.at = end + 1;
      return '';
    }
    if (this.source.startsWith('?P<', this.at)) {
      this.at += 3;
      return '(?<';
    }
    return '(';
  }

  /** Handles the escape at the current backslash. */
  private escape(inClass: boolean): void {
    const char = this.source[this.at + 1];
    if (char === undefined) refuse('\\ at end of pattern');
    this.at += 2;
    if (char === 'Q') return this.quoted();
    if (char === 'E') return;
    if (!/[A-Za-z0-9]/.test(char)) {
      this.out += SYNTAX_CHARACTERS.includes(char) || (inClass && char === '-') ? `\\${char}` : char;
      return;
    }
    const atom = (inClass ? CLASS_ATOMS : ATOMS)[char];
    if (atom !== undefined) this.out += atom;
    else if (SHARED_ESCAPES.includes(char) || (inClass && char === 'S') || (!inClass && /[bB]/.test(char)))
      this.out += `\\${char}`;
    else this.numbered(char, inClass);
  }

  private numbered(char: string, inClass: boolean): void {
    const rest = this.source.slice(this.at);
    const forms: [string, RegExp, (text: string, inner: string) => string][] = [
      ['x', /^\{([0-9A-Fa-f]{1,6})\}/, (_text, inner) => `\\u{${inner}}`],
      ['x', /^([0-9A-Fa-f]{2})/, (text) => `\\x${text}`],
      ['c', /^([A-Za-z])/, (text) => `\\c${text}`],
      ['p', /^\{([A-Za-z_]+)\}/, (text) => `\\p${text}`],
      ['P', /^\{([A-Za-z_]+)\}/, (text) => `\\P${text}`],
      ['p', /^([LMNPSZC])/, (_text, inner) => `\\p{${inner}}`],
      ['P', /^([LMNPSZC])/, (_text, inner) => `\\P{${inner}}`],
      ['k', /^<([A-Za-z_]\w*)>/, (text) => `\\k${text}`],
      ['0', /^(?![0-7])/, () => '\\0'],
    ];
    for (const [letter, pattern, render] of forms) {
      const match = letter === char ? pattern.exec(rest) : null;
      if (match === null) continue;
      this.at += match[0].length;
      this.out += render(match[0], match[1] ?? '');
      return;
    }
    if (/[1-9]/.test(char) && !inClass) this.out += `\\${char}`;
    else refuse(`the escape \\${char} is not supported by this store`);
  }

  private quoted(): void {
    const end = this.source.indexOf('\\E', this.at);
    const text = this.source.slice(this.at, end === -1 ? undefined : end);
    this.at = end === -1 ? this.source.length : end + 2;
    this.out += text.replace(/[\^$\\.*+?()[\]{}|/-]/g, (char) => (char === '-' ? '-' : `\\${char}`));
  }

  private characterClass(): void {
    this.at += 1;
    this.out += '[';
    if (this.source[this.at] === '^') {
      this.out += '^';
      this.at += 1;
    }
    let first = true;
    for (;;) {
      const char = this.source[this.at];
      if (char === undefined) refuse('missing terminating ] for character class');
      if (char === ']' && !first) break;
      this.classMember(char);
      first = false;
    }
    this.at += 1;
    this.out += ']';
  }

  private classMember(char: string): void {
    if (char === '[' && /^\[[:.=]/.test(this.source.slice(this.at)))
      refuse('POSIX classes are not supported by this store');
    if (char !== '\\') {
      this.at += 1;
      this.out += char === ']' || char === '[' ? `\\${char}` : char;
      return;
    }
    const isSet = /^\\[dDwWsShpP]/.test(this.source.slice(this.at));
    this.escape(true);
    // After a set such as \w a hyphen stands for itself in PCRE; JavaScript takes it for a broken range.
    if (isSet && this.source[this.at] === '-' && this.source[this.at + 1] !== ']') {
      this.at += 1;
      this.out += '\\-';
    }
  }
}

/** Compiles a BSON regular expression: a test for strings. Error 51091 or 51108 for what is invalid or unsupported. */
export function compileRegex(pattern: string, options: string): (text: string) => boolean {
  const flags = new Set(options);
  for (const flag of flags) {
    if (!'imsxu'.includes(flag)) {
      throw new CommandError(51108, 'Location51108', `invalid flag in regex options: ${flag}`);
    }
  }
  let source = pattern;
  const inline = /^\(\?([imsx]+)\)/.exec(source);
  if (inline) {
    for (const flag of inline[1]!) flags.add(flag);
    source = source.slice(inline[0].length);
  }
  const translated = new Translator(source, flags).translate();
  let regex: RegExp;
  try {
    regex = new RegExp(translated, flags.has('i') ? 'iu' : 'u');
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  return (text) => regex.test(text);
}
