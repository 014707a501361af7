/** How many changes have been noted, and whom those after another count concern. */
export interface RightsChanges {
  readonly count: number;
  /** Unset: too many, or too long ago, to be named. */
  readonly userIds?: readonly string[];
}

/**
 * Port. Whose role or activity was changed, for the other processes of the service: noted after the change can be read
 * and before it is acknowledged, so that whoever knows the count knows of every change acknowledged before.
 */
export abstract class RightsJournal {
  abstract note(userIds: readonly string[]): Promise<void>;
  /** @param count what is known already; undefined: nothing */
  abstract since(count: number | undefined): Promise<RightsChanges>;
}
