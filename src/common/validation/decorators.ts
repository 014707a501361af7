import { applyDecorators } from '@nestjs/common';
import { Expose, Transform } from 'class-transformer';
import { buildMessage, ValidateBy, ValidateIf, type ValidationOptions } from 'class-validator';
import { isFlatMetadata } from './flat-metadata';
import { codePoints, hasControlCharacter, isBlank, isWellFormed } from './text';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PRINTABLE_ASCII = /^[\x20-\x7e]{1,64}$/;
const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;
const USER_ID_MAX = 128;
const BOOLEANS: ReadonlyMap<unknown, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

/** A rule whose message never echoes the value. `rule` completes "<field> must be …". */
function rule(
  name: string,
  text: string,
  validate: (value: unknown) => boolean,
  options?: ValidationOptions,
): PropertyDecorator {
  const defaultMessage = buildMessage((each) => `${each}$property must be ${text}`, options);
  return ValidateBy({ name, validator: { validate, defaultMessage } }, options);
}

/** @returns whether `value` is a UUID in lower case, as every message and conversation id is. */
export const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

/** @returns whether `value` is a well-formed user id: 1–128 code points, no control character. */
export const isUserId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  codePoints(value) <= USER_ID_MAX &&
  isWellFormed(value) &&
  !hasControlCharacter(value);

/** A message or conversation id: UUID in lower case. */
export const IsUuidV = (options?: ValidationOptions): PropertyDecorator =>
  rule('isUuidV', 'a UUID in lower case', isUuid, options);

/** A user id: 1–128 characters (code points), none of them a control character. */
export const IsUserId = (options?: ValidationOptions): PropertyDecorator =>
  rule('isUserId', 'a user id of 1 to 128 characters without control characters', isUserId, options);

/** Message text: well-formed and visible. Its maximum is a setting, so the service checks it. */
export const IsContent = (options?: ValidationOptions): PropertyDecorator =>
  rule(
    'isContent',
    'well-formed text that is not only white space or invisible characters',
    (value) => typeof value === 'string' && isWellFormed(value) && !isBlank(value),
    options,
  );

/**
 * Metadata of a message: a flat object within the limits of contract 2. Taken as it came: class-transformer's copy
 * would silently drop keys named like members of objects (`toString`, `valueOf`).
 */
export const IsFlatMetadata = (options?: ValidationOptions): PropertyDecorator =>
  applyDecorators(
    Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => obj[key], { toClassOnly: true }),
    rule(
      'isFlatMetadata',
      'a flat object of at most 20 keys [A-Za-z0-9_-]{1,64}, its values text up to 500 characters, numbers, booleans or null, 4 KB in all',
      isFlatMetadata,
      options,
    ),
  );

/** The client's own id of a message: 1–64 printable ASCII characters. */
export const IsClientMessageId = (options?: ValidationOptions): PropertyDecorator =>
  rule(
    'isClientMessageId',
    '1 to 64 printable ASCII characters',
    (value) => typeof value === 'string' && PRINTABLE_ASCII.test(value),
    options,
  );

/** Well-formed text of `min` to `max` Unicode code points; with `min` above 0 something of it must be visible. */
export const IsText = (min: number, max: number, options?: ValidationOptions): PropertyDecorator =>
  rule(
    'isText',
    `${min > 0 ? 'visible, ' : ''}well-formed text of ${min} to ${max} characters`,
    (value) => {
      if (typeof value !== 'string' || !isWellFormed(value)) return false;
      const length = codePoints(value);
      return length >= min && length <= max && (min === 0 || !isBlank(value));
    },
    options,
  );

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** `Date.parse` reads the 30th of February as the 2nd of March. */
function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** A point in time: ISO 8601 with its offset, because a local time would mean another one on another machine. */
export const IsInstant = (options?: ValidationOptions): PropertyDecorator =>
  rule(
    'isInstant',
    'a date and time in ISO 8601 with Z or an offset',
    (value) =>
      typeof value === 'string' &&
      INSTANT.test(value) &&
      !Number.isNaN(Date.parse(value)) &&
      isDay(value.slice(0, 'YYYY-MM-DD'.length)),
    options,
  );

const URL_MAX = 2048;

/** An https address of 1–2,048 characters, of whatever host; one that carries a password is none to show to others. */
export const IsHttpsUrl = (options?: ValidationOptions): PropertyDecorator =>
  rule(
    'isHttpsUrl',
    `an https URL of at most ${URL_MAX} characters, without credentials`,
    (value) => {
      if (typeof value !== 'string' || !/^https:\/\/[^\s\p{Cc}]+$/u.test(value) || !isWellFormed(value)) return false;
      if (codePoints(value) > URL_MAX || !URL.canParse(value)) return false;
      const { username, password } = new URL(value);
      return username === '' && password === '';
    },
    options,
  );

const isNothing = (value: unknown): boolean => value === undefined || value === null;

/** May only be left out where another field stands in its place. */
export const RequiredWithout = (other: string): PropertyDecorator =>
  ValidateIf((input: Record<string, unknown>, value) => !isNothing(value) || isNothing(input[other]));

/** May only be left out where another field has none of these values. */
export const RequiredWhen = (other: string, ...values: readonly unknown[]): PropertyDecorator =>
  ValidateIf((input: Record<string, unknown>, value) => !isNothing(value) || values.includes(input[other]));

/** May be left out, but is not null. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

/** A yes or no in a query string: `true` or `false`, nothing else. */
export const QueryBoolean = (fallback: boolean): PropertyDecorator =>
  applyDecorators(
    Expose(),
    Transform(({ value }: { value: unknown }) => (value === undefined ? fallback : (BOOLEANS.get(value) ?? value)), {
      toClassOnly: true,
    }),
    rule('queryBoolean', 'true or false', (value) => typeof value === 'boolean'),
  );

export interface QueryIntOptions {
  readonly min: number;
  readonly max: number;
  /** Value when the parameter is absent; without one the property stays undefined. */
  readonly default?: number;
}

/**
 * A whole number in a query string. Only plain decimal digits pass: `0x10`, `1e3`, `''`, `-1` and a repeated
 * parameter (an array) are refused instead of being read as something the caller did not mean.
 */
export function QueryInt({ min, max, default: fallback }: QueryIntOptions): PropertyDecorator {
  const inRange = (value: unknown): boolean =>
    (value === undefined && fallback === undefined) ||
    (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max);
  const read = (value: unknown): unknown => {
    if (value === undefined) return fallback;
    return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  };
  return applyDecorators(
    Expose(), // visits the property when it is absent too, so that the default is set
    Transform(({ value }) => read(value), { toClassOnly: true }),
    rule('queryInt', `a whole number from ${min} to ${max}`, inRange),
  );
}
