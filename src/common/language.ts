export const LANGUAGES = ['fr', 'en', 'ar'] as const;
/** Languages of the texts that people read; French is the default. */
export type Language = (typeof LANGUAGES)[number];

const isLanguage = (text: string): text is Language => LANGUAGES.some((language) => language === text);

/** One entry of `Accept-Language`: primary subtag and weight 0–1. */
function parseEntry(entry: string): { tag: string; weight: number } {
  const [range = '', ...parameters] = entry.trim().toLowerCase().split(';');
  const quality = parameters.map((parameter) => /^\s*q\s*=\s*([0-9.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
  const weight = quality === undefined ? 1 : Number(quality);
  return { tag: range.trim().split('-')[0] ?? '', weight: Number.isFinite(weight) ? weight : 0 };
}

/**
 * @param header an `Accept-Language` header, if any; entries of equal weight count in their order
 * @returns the best language that we speak, French when none is named
 */
export function pickLanguage(header: string | readonly string[] | undefined): Language {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  const wanted = text
    .slice(0, 256)
    .split(',')
    .map(parseEntry)
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
  return wanted.find(isLanguage) ?? 'fr';
}
