import { IsOptional, IsString, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { DomainError } from '../errors/domain-error';
import { IsContent, IsFlatMetadata, QueryInt } from './decorators';
import { KeepsNull, MaxInputKeys } from './input-limits';
import { InputPipe } from './input.pipe';

class Inner {
  @IsString() name: string;
}
class Body {
  @IsContent() content: string;
  @IsOptional() @IsFlatMetadata() metadata?: Record<string, unknown>;
  @IsOptional() @ValidateNested() @Type(() => Inner) inner?: Inner;
}
class Page {
  @QueryInt({ min: 1, max: 100, default: 50 }) limit: number;
  @QueryInt({ min: 1, max: 1000 }) before_seq?: number;
}
@MaxInputKeys(1000)
class Bulk {
  @IsOptional() rows?: unknown;
}

const pipe = new InputPipe();
const run = (value: unknown, metatype: new () => object = Body, type: 'body' | 'query' = 'body') =>
  pipe.transform(value, { type, metatype });

async function fieldsOf(value: unknown, metatype?: new () => object, type?: 'body' | 'query'): Promise<string[]> {
  const error: unknown = await run(value, metatype, type).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DomainError)) throw new Error('not refused');
  expect(error.code).toBe('VALIDATION_FAILED');
  return (error.details.errors ?? []).map(({ field }) => field);
}

describe('InputPipe', () => {
  it('makes an instance of the dto', async () => {
    await expect(run({ content: 'bonjour' })).resolves.toBeInstanceOf(Body);
  });

  it('names every failing field, unknown ones and nested ones too, without their values', async () => {
    const input = { content: 7, extra: 'secret-value', inner: { name: 1 } };
    await expect(fieldsOf(input)).resolves.toEqual(expect.arrayContaining(['content', 'extra', 'inner.name']));
    const error: unknown = await run(input).catch((reason: unknown) => reason);
    expect(JSON.stringify(error)).not.toContain('secret-value');
  });

  it.each([[null], ['text'], [[1]], [5], [Buffer.from('x')]])(
    'refuses a body that is no plain object: %p',
    async (body) => {
      await expect(fieldsOf(body)).resolves.toEqual(['body']);
    },
  );

  it('takes null for nothing, but for a dto where it has a meaning', async () => {
    @KeepsNull()
    class Change {
      @IsOptional() @IsString() name?: string | null;
    }
    await expect(run({ content: 'x', metadata: null, inner: null })).resolves.toEqual({ content: 'x' });
    await expect(fieldsOf({ content: null })).resolves.toEqual(['content']);
    await expect(fieldsOf({ content: 'x', other: null })).resolves.toEqual(['other']);
    await expect(run({ name: null }, Change)).resolves.toEqual({ name: null });
  });

  it('names the missing fields when there is no body', async () => {
    await expect(fieldsOf(undefined)).resolves.toEqual(['content']);
  });

  it('refuses nesting of 9,000 levels without a stack overflow', async () => {
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`);
    await expect(fieldsOf({ content: 'x', metadata: deep })).resolves.toEqual(['metadata']);
  });

  it('refuses more than 200 keys, unless the dto raised the limit', async () => {
    const rows = Array.from({ length: 300 }, () => ({ id: 1 }));
    await expect(fieldsOf({ content: 'x', metadata: { rows } })).resolves.toHaveLength(1);
    await expect(run({ rows }, Bulk)).resolves.toBeInstanceOf(Bulk);
  });

  it.each(['{"__proto__":{"a":1}}', '{"constructor":null}', '{"prototype":"x"}', '{"_bsontype":"ObjectId"}'])(
    'refuses reserved keys: %s',
    async (metadata) => {
      await expect(fieldsOf({ content: 'x', metadata: JSON.parse(metadata) as unknown })).resolves.toEqual([
        'metadata',
      ]);
    },
  );

  it.each(['toString', 'hasOwnProperty', 'valueOf', 'then'])(
    'keeps metadata whose key is named like a member of objects: %s',
    async (key) => {
      await expect(run({ content: 'x', metadata: { [key]: 'v' } })).resolves.toEqual({
        content: 'x',
        metadata: { [key]: 'v' },
      });
    },
  );

  it.each(['toString', 'hasOwnProperty', 'valueOf', 'then', 'isPrototypeOf'])(
    'refuses a field named like a member of objects: %s',
    async (name) => {
      await expect(fieldsOf({ content: 'x', [name]: 1 })).resolves.toEqual([name]);
    },
  );

  it('passes arguments without a dto class', async () => {
    await expect(pipe.transform('some-id', { type: 'param', metatype: String })).resolves.toBe('some-id');
  });
});

describe('QueryInt', () => {
  it('reads digits and fills the default', async () => {
    await expect(run({}, Page, 'query')).resolves.toEqual({ limit: 50 });
    await expect(run({ limit: '7', before_seq: '12' }, Page, 'query')).resolves.toEqual({ limit: 7, before_seq: 12 });
  });

  it('reads the largest whole number that is one, and none above it', async () => {
    class Seq {
      @QueryInt({ min: 0, max: Number.MAX_SAFE_INTEGER }) seq: number;
    }
    await expect(run({ seq: '9007199254740991' }, Seq, 'query')).resolves.toEqual({ seq: Number.MAX_SAFE_INTEGER });
    await expect(fieldsOf({ seq: '9007199254740992' }, Seq, 'query')).resolves.toEqual(['seq']);
  });

  it.each([['0x10'], [''], ['-1'], ['1e1'], [' 5'], ['101'], ['0'], ['05'], [['1', '2']]])(
    'refuses %p',
    async (limit) => {
      await expect(fieldsOf({ limit }, Page, 'query')).resolves.toEqual(['limit']);
    },
  );
});
