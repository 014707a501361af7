import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

/** A message or conversation id. */
export const Uuid = (options: ApiPropertyOptions = {}): PropertyDecorator =>
  ApiProperty({ type: String, format: 'uuid', ...options });

/** A moment: ISO 8601, UTC, milliseconds. */
export const Instant = (options: ApiPropertyOptions = {}): PropertyDecorator =>
  ApiProperty({
    type: String,
    format: 'date-time',
    example: '2026-11-23T09:41:00.000Z',
    ...options,
  });

/** A place in a conversation's sequence. */
export const Seq = (options: ApiPropertyOptions = {}): PropertyDecorator =>
  ApiProperty({ type: 'integer', minimum: 0, example: 12, ...options });

export const Nullable = (options: ApiPropertyOptions): PropertyDecorator => ApiProperty({ nullable: true, ...options });
