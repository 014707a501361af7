/** What the rest of the service may know of the store: its kind, and whether it answers. */
export abstract class StoreStatus {
  abstract readonly kind: 'embedded' | 'mongodb';

  /** @returns whether operations may be tried, without asking the store. */
  abstract isReady(): boolean;

  /** @returns the store's answer time in milliseconds; rejects when it does not answer. */
  abstract ping(): Promise<number>;
}
