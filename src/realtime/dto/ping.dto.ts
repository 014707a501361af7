import { Allow } from 'class-validator';

export class PingDto {
  /** The client's own note; nobody reads it. */
  @Allow()
  readonly timestamp?: unknown;
}
