import { getMetadataStorage, ValidationTypes } from 'class-validator';

type Rule = (input: object, value: unknown) => boolean;

interface Field {
  /** All have to hold for the rules to count. */
  readonly conditions: readonly Rule[];
  readonly rules: readonly Rule[];
}

type Dto = new () => object;

const flat = new WeakSet<object>();
const compiled = new WeakMap<object, ReadonlyMap<string, Field>>();

/**
 * For dtos on hot paths: no nested dto, no list rule, no transformation. Their class-validator rules are collected once
 * instead of at every input; what they accept is not looked at again, what they do not accept gets its errors from
 * class-validator itself.
 */
export const FlatInput = (): ClassDecorator => (target) => {
  flat.add(target);
};

/** @returns an instance with the input's values when every rule of a flat dto holds; undefined: ask class-validator */
export function acceptFlat(input: Readonly<Record<string, unknown>>, dto: object): object | undefined {
  if (!flat.has(dto)) return undefined;
  const fields = compiled.get(dto) ?? compile(dto as Dto);
  for (const name of Object.keys(input)) if (!fields.has(name)) return undefined;
  for (const [name, { conditions, rules }] of fields) {
    const value = input[name];
    if (conditions.every((holds) => holds(input, value)) && !rules.every((holds) => holds(input, value))) {
      return undefined;
    }
  }
  return Object.assign(new (dto as Dto)(), input);
}

function compile(dto: Dto): ReadonlyMap<string, Field> {
  const storage = getMetadataStorage();
  const found = storage.getTargetValidationMetadatas(dto, '', false, false);
  const fields = new Map<string, Field>();
  for (const [name, metadatas] of Object.entries(storage.groupByPropertyName(found))) {
    const conditions: Rule[] = [];
    const rules: Rule[] = [];
    for (const metadata of metadatas) {
      const { type, each, validateIf } = metadata;
      const groups = metadata.groups as readonly string[] | undefined;
      if (each || validateIf || (groups ?? []).length > 0) throw new Error(`${dto.name}.${name} is not flat`);
      if (type === ValidationTypes.CONDITIONAL_VALIDATION) conditions.push(metadata.constraints[0] as Rule);
      else if (type === ValidationTypes.CUSTOM_VALIDATION) {
        for (const { instance, async } of storage.getTargetValidatorConstraints(metadata.constraintCls)) {
          if (async) throw new Error(`${dto.name}.${name} is not flat`);
          const { constraints, propertyName: property } = metadata;
          rules.push(
            (object, value) =>
              instance.validate(value, { value, constraints, property, object, targetName: dto.name }) === true,
          );
        }
      } else if (type !== ValidationTypes.WHITELIST) throw new Error(`${dto.name}.${name} is not flat`);
    }
    fields.set(name, { conditions, rules });
  }
  compiled.set(dto, fields);
  return fields;
}
