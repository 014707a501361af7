import type { SyncVector } from './sync-position';

export interface SyncPoint {
  readonly userId: string;
  readonly vector: SyncVector;
  readonly at: Date;
}

/** Port. What a cursor stands for; forgotten after 30 days. */
export abstract class SyncPointsRepository {
  abstract find(cursor: string): Promise<SyncPoint | undefined>;
  /** @returns the cursor: random, so that it tells nothing and cannot be guessed */
  abstract insert(point: SyncPoint): Promise<string>;
}
