import type { JsonSchema } from './document-types';
import { Html, html, prose } from './html';

const nameOf = (reference: string): string => reference.split('/').at(-1) ?? '';

function limitsOf({ minimum, maximum, minLength, maxLength, maxItems, default: fallback }: JsonSchema): string {
  const range = (low: number | undefined, high: number | undefined, unit: string): string | undefined =>
    low === undefined && high === undefined ? undefined : `${[low, high].map((n) => n ?? '').join('–')}${unit}`;
  const limits = [
    range(minimum, maximum, ''),
    range(minLength, maxLength, ' characters'),
    maxItems === undefined ? undefined : `at most ${maxItems}`,
    fallback === undefined ? undefined : `default ${JSON.stringify(fallback)}`,
  ];
  const given = limits.filter((limit) => limit !== undefined);
  return given.length > 0 ? ` (${given.join(', ')})` : '';
}

/** @returns what a value may be, named objects as links */
export function typeOf(schema: JsonSchema): Html {
  const { $ref, oneOf, allOf, items, type, format } = schema;
  if ($ref !== undefined) return html`<a href="#object-${nameOf($ref)}">${nameOf($ref)}</a>`;
  const alternatives = oneOf ?? allOf;
  if (alternatives) {
    return html`${alternatives.flatMap((one, index) => (index > 0 ? [' or ', typeOf(one)] : [typeOf(one)]))}`;
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum) return html`<code>${schema.enum.map((value) => JSON.stringify(value)).join(' | ')}</code>`;
  if (items) return html`list of ${typeOf(items)}${limitsOf(schema)}`;
  const types = typeof type === 'string' ? [type] : (type ?? ['anything']);
  return html`${types.join(' or ')}${format === undefined ? '' : `, ${format}`}${limitsOf(schema)}`;
}

function row(name: string, schema: JsonSchema, required: boolean): Html {
  return html`<tr>
    <td><code>${name}</code>${required ? undefined : html` <span class="optional">optional</span>`}</td>
    <td>${typeOf(schema)}</td>
    <td>${prose(schema.description ?? '')}</td>
  </tr> `;
}

/** @returns the fields of an object, one a row; what a value may be where it is no object */
export function fieldsOf(schema: JsonSchema): Html {
  const rows = Object.entries(schema.properties ?? {});
  if (rows.length === 0) return html`<p>${typeOf(schema)}</p>`;
  return html`<table>
    <thead>
      <tr>
        <th>field</th>
        <th>type</th>
        <th>meaning</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(([name, property]) => row(name, property, schema.required?.includes(name) ?? false))}
    </tbody>
  </table>`;
}
