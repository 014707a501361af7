import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { parse } from 'csv-parse/sync';
import { isPlainObject } from '../common/validation/input-limits';
import { SyncUserDto } from '../users/dto/sync-users.dto';

const LISTS: ReadonlySet<string> = new Set(['children', 'parents']);
const TRUE: ReadonlySet<string> = new Set(['true', '1', 'yes', 'oui']);
const FALSE: ReadonlySet<string> = new Set(['false', '0', 'no', 'non']);

/** A file that cannot be imported: every wrong place, never a value. */
export class PeopleFileError extends Error {}

/** A cell as the API would get it; an empty one counts as left out. Ids in a list stand between spaces or bars. */
function cell(name: string, text: string): unknown {
  if (LISTS.has(name)) return text.split(/[\s|]+/).filter(Boolean);
  if (name !== 'is_active') return text;
  const plain = text.toLowerCase();
  return TRUE.has(plain) ? true : FALSE.has(plain) ? false : text;
}

function fromCsv(text: string): unknown[] {
  const rows = parse(text, {
    columns: true,
    delimiter: [',', ';', '\t'],
    trim: true,
    skip_empty_lines: true,
  }) as unknown as Record<string, string>[];
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => (value === '' ? [] : [[name, cell(name, value)]])),
    ),
  );
}

function fromJson(text: string): unknown[] {
  const content: unknown = JSON.parse(text);
  const people = isPlainObject(content) ? content['users'] : content;
  if (!Array.isArray(people)) throw new Error('not a list');
  return people;
}

/** Without its byte order mark. A spreadsheet's own encoding would put other letters into the names. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new PeopleFileError('the file is not in UTF-8: save it as "CSV UTF-8"');
  }
}

function read(name: string, bytes: Uint8Array): unknown[] {
  const kind = /\.(json|csv)$/i.exec(name)?.[1]?.toLowerCase();
  if (kind === undefined) throw new PeopleFileError('the file must end in .json or .csv');
  const text = textOf(bytes);
  try {
    return kind === 'json' ? fromJson(text) : fromCsv(text);
  } catch {
    throw new PeopleFileError(`the file is not the ${kind.toUpperCase()} that was expected`);
  }
}

/**
 * The people of a file in UTF-8: a JSON list (or `{"users": [...]}`), or CSV with the fields' names in its first line, both with
 * the fields of `PUT /api/v1/users` and its rules.
 * @throws PeopleFileError naming every wrong row and field; then nothing may be imported.
 */
export function readPeople(name: string, bytes: Uint8Array): SyncUserDto[] {
  const problems: string[] = [];
  const people = read(name, bytes).map((row, index) => {
    if (!isPlainObject(row)) problems.push(`person ${index + 1}: must be an object`);
    const dto = plainToInstance(SyncUserDto, isPlainObject(row) ? row : {});
    const errors = isPlainObject(row) ? validateSync(dto, { whitelist: true, forbidNonWhitelisted: true }) : [];
    for (const { constraints } of errors) {
      problems.push(...Object.values(constraints ?? {}).map((rule) => `person ${index + 1}: ${rule}`));
    }
    return dto;
  });
  if (problems.length > 0) throw new PeopleFileError(problems.join('\n'));
  return people;
}
