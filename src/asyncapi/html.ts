const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | readonly (Html | string)[] | undefined;

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string') return escape(part);
  return part instanceof Html ? part.text : part.map(render).join('');
}

/** Builds HTML: what stands between the parts is taken as it is, text in the parts is escaped. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(String.raw({ raw: strings }, ...parts.map(render)));

/** Text whose `code` stands in backticks. */
export const prose = (text: string): Html =>
  new Html(escape(text).replace(/`([^`]+)`/g, (_match, code: string) => `<code>${code}</code>`));
