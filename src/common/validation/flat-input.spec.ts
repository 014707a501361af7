import fc from 'fast-check';
import { IsIn, IsInt, IsOptional, Min, ValidateNested } from 'class-validator';
import { Transform } from 'class-transformer';
import { DomainError } from '../errors/domain-error';
import { IsClientMessageId, IsContent, IsFlatMetadata, IsUuidV } from './decorators';
import { FlatInput } from './flat-input';
import { InputPipe } from './input.pipe';

class Plain {
  @IsOptional() @IsUuidV() id?: string;
  @IsContent() content: string;
  @IsOptional() @IsIn(['text', 'file']) type?: string;
  @IsOptional() @IsFlatMetadata() metadata?: Record<string, unknown>;
  @IsOptional() @IsClientMessageId() key?: string;
  @IsOptional() @IsInt() @Min(1) seq?: number;
}
@FlatInput()
class Flat extends Plain {}

const pipe = new InputPipe();
async function outcomeOf(input: unknown, metatype: new () => object): Promise<unknown> {
  try {
    const accepted = (await pipe.transform(structuredClone(input), { type: 'body', metatype })) as object;
    expect(accepted).toBeInstanceOf(metatype);
    return { ...accepted };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return error.details;
  }
}

const value = fc.oneof(
  fc.constantFrom('text', 'file', 'Bonjour', '', ' ', null, undefined, 1, 0, -1, 1.5, true, [], {}, ['text']),
  fc.uuid(),
  fc.string(),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant([1]))),
);
const anyInput = fc.dictionary(
  fc.constantFrom('id', 'content', 'type', 'metadata', 'key', 'seq', 'unknown', 'toString'),
  value,
);
// Without a content nothing is accepted, whatever the rest.
const input = fc.oneof(
  anyInput,
  anyInput.map((rest) => ({ ...rest, content: 'Bonjour' })),
);

describe('FlatInput', () => {
  it('accepts and refuses exactly what class-validator does, with the same words', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        const flat = await outcomeOf(given, Flat);
        expect(flat).toEqual(await outcomeOf(given, Plain));
        if (flat !== null && !('errors' in (flat as object))) accepted += 1;
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it('keeps the rules of every field of a real input', async () => {
    const good = { content: 'Bonjour', type: 'text', metadata: { a: 1 }, key: 'k', seq: 1 };
    await expect(outcomeOf(good, Flat)).resolves.toEqual(good);
    for (const bad of [
      { content: '' },
      { type: 'x' },
      { metadata: { a: {} } },
      { key: 'é' },
      { seq: 0 },
      { more: 1 },
    ]) {
      await expect(outcomeOf({ ...good, ...bad }, Flat)).resolves.toHaveProperty('errors.0.field', Object.keys(bad)[0]);
    }
  });

  it('is refused for a dto with rules that it does not collect', async () => {
    @FlatInput()
    class Nested {
      @ValidateNested() inner: Plain;
    }
    @FlatInput()
    class Listed {
      @IsInt({ each: true }) many: number[];
    }
    for (const metatype of [Nested, Listed]) {
      await expect(pipe.transform({}, { type: 'body', metatype })).rejects.toThrow('is not flat');
    }
  });

  it('leaves the transformations of other dtos alone', async () => {
    class Trimmed {
      @Transform(({ value: text }: { value: string }) => text.trim()) @IsContent() content: string;
    }
    await expect(outcomeOf({ content: ' a ' }, Trimmed)).resolves.toEqual({ content: 'a' });
  });
});
