import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { DomainError, type FieldError } from '../errors/domain-error';
import { acceptFlat } from './flat-input';
import { dropNulls, isPlainObject, shapeError } from './input-limits';

const MAX_ERRORS = 100;
const MAX_FIELD_LENGTH = 128;

/** Flattens class-validator's tree to one entry per failing field, named by its path (`a.0.b`). */
function fieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = (parent ? `${parent}.${error.property}` : error.property).slice(0, MAX_FIELD_LENGTH);
    // The name of an unknown property is the client's text: the rule says enough without repeating it.
    const rules = Object.entries(error.constraints ?? {}).map(([name, message]) =>
      name === 'whitelistValidation' ? 'is not a known field' : message,
    );
    const own = rules.length > 0 ? [{ field, message: rules.join('; ') }] : [];
    return [...own, ...fieldErrors(error.children ?? [], field)];
  });
}

/**
 * The one pipe for every door (HTTP bodies and queries, socket payloads). Refuses with `VALIDATION_FAILED` that names
 * every failing field and never echoes a value. Arguments without a dto class (single path ids) pass untouched.
 */
@Injectable()
export class InputPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      transformOptions: { enableImplicitConversion: false },
      validationError: { target: false, value: false },
      exceptionFactory: (errors) =>
        new DomainError('VALIDATION_FAILED', { errors: fieldErrors(errors).slice(0, MAX_ERRORS) }),
    });
  }

  /** @throws DomainError VALIDATION_FAILED */
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (!metadata.metatype || !this.toValidate(metadata)) return value;
    // No body at all is validated as an empty one, so that the answer names the missing fields.
    const input = value === undefined ? {} : value;
    const root = metadata.type === 'query' ? 'query' : 'body';
    if (!isPlainObject(input)) throw DomainError.invalid(root, 'must be an object');
    const breach = shapeError(input, metadata.metatype);
    if (breach) throw new DomainError('VALIDATION_FAILED', { errors: [breach] });
    const { metatype } = metadata;
    const accepted: unknown = acceptFlat(input, metatype) ?? (await super.transform(input, metadata));
    return dropNulls(accepted as Record<string, unknown>, metatype);
  }
}
