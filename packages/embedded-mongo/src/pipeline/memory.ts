import { commandError } from '../errors';
import { encode } from '../wire/raw';

/** Limit of what a blocking sort or stage keeps in memory, as MongoDB's. */
export const MEMORY_LIMIT_BYTES = 100 * 1024 * 1024;

/** Counts what a stage keeps and ends it with error 146 at the limit. */
export class StageMemory {
  private bytes = 0;

  /** Notes a value that is kept. */
  keep(value: unknown): void {
    this.bytes += encode({ value }).length;
    if (this.bytes > MEMORY_LIMIT_BYTES) {
      throw commandError('ExceededMemoryLimit', `an aggregation stage exceeded ${MEMORY_LIMIT_BYTES} bytes`);
    }
  }
}
