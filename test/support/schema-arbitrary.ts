import fc from 'fast-check';
import { randomUUID } from 'node:crypto';

/** What is used here of an OpenAPI 3.0 schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
}

export type Resolve = (ref: string) => Schema;
/** Values that exist, by the name of the field or parameter: ids that lead somewhere. */
export type Known = Readonly<Record<string, readonly string[]>>;

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.constantFrom('', ' ', '\u0000', '\u202e', '../../etc', '$where', '{"$gt":""}', 'é'.repeat(300), '👩🏽‍🏫'),
);

function valid(schema: Schema, name: string, resolve: Resolve, known: Known): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valid(resolve(schema.$ref), name, resolve, known);
  if (schema.allOf?.[0]) return valid(schema.allOf[0], name, resolve, known);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const existing = known[name];
  switch (schema.type) {
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1000 });
    case 'boolean':
      return fc.boolean();
    case 'array': {
      const maxLength = Math.min(schema.maxItems ?? 5, 5);
      return fc.array(arbitraryOf(schema.items ?? {}, name.replace(/s$/, ''), resolve, known), { maxLength });
    }
    case 'object':
      return objectOf(schema, resolve, known);
    case 'string': {
      if (existing) return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...existing) }, text);
      if (schema.format === 'uuid') return fc.constantFrom(randomUUID(), randomUUID());
      if (schema.format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
      if (schema.format === 'uri') return fc.constantFrom('https://school.example/a.png', 'javascript:alert(1)');
      return text;
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectOf(schema: Schema, resolve: Resolve, known: Known): fc.Arbitrary<unknown> {
  if (!schema.properties)
    return fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 });
  const fields = Object.entries(schema.properties).map(([name, property]) => {
    return [name, arbitraryOf(property, name, resolve, known)] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...(schema.required ?? [])] });
}

/** Mostly what the schema asks for, now and then anything else. */
export function arbitraryOf(schema: Schema, name: string, resolve: Resolve, known: Known): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: valid(schema, name, resolve, known) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}
