import { compileRegex } from './regex';

const matches = (pattern: string, text: string, options = ''): boolean => compileRegex(pattern, options)(text);

describe('regular expressions mean what PCRE means by them', () => {
  it.each<[string, string, string, boolean]>([
    ['^abc', 'abcd', '', true],
    ['ABC', 'xabcx', 'i', true],
    ['ÉCOLE', 'école', 'i', true],
    ['a.c', 'a\rc', '', true],
    ['a.c', 'a\nc', '', false],
    ['a.c', 'a\nc', 's', true],
    ['a$', 'a\n', '', true],
    ['a$', 'a\nb', '', false],
    ['a$', 'a\nb', 'm', true],
    ['^b', 'a\nb', '', false],
    ['^b', 'a\nb', 'm', true],
    ['\\Aabc\\z', 'abc', '', true],
    ['^.$', '😀', '', true],
    ['[\\w-.]+@', 'a-b.c@', '', true],
    ['\\-\\_\\@', '-_@', '', true],
    ['a{', 'a{', '', true],
    ['[]a]+', ']', '', true],
    ['\\Qa.b\\E', 'axb', '', false],
    [' a b # comment', 'ab', 'x', true],
    ['(?i)ab', 'AB', '', true],
    ['\\x{1F600}', '😀', '', true],
    ['\\s', '\u00a0', '', false],
    ['a/b', 'a/b', '', true],
    ['a{2,3}', 'aa', '', true],
  ])('%s on %j with flags "%s": %s', (pattern, text, options, expected) => {
    expect(matches(pattern, text, options)).toBe(expected);
  });

  it.each(['(', '[a', 'a**', '(?>a)', '[[:alpha:]]', '\\G', 'a(?i)b', 'a++'])('%s is refused', (pattern) => {
    expect(() => compileRegex(pattern, '')).toThrow(expect.objectContaining({ code: 51091 }) as Error);
  });

  it('refuses unknown flags', () => {
    expect(() => compileRegex('a', 'g')).toThrow(expect.objectContaining({ code: 51108 }) as Error);
  });
});
