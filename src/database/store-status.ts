/** Told of every operation on the store, however it ended: its time in milliseconds. */
export type OperationListener = (ms: number) => void;

/** What the rest of the service may know of the store: its kind, and whether it answers. */
export abstract class StoreStatus {
  protected readonly operationListeners: OperationListener[] = [];

  abstract readonly kind: 'embedded' | 'mongodb';

  /** For measuring; the listener does no I/O. */
  onOperation(listener: OperationListener): void {
    this.operationListeners.push(listener);
  }

  /** @returns whether operations may be tried, without asking the store. */
  abstract isReady(): boolean;

  /** @returns the store's answer time in milliseconds; rejects when it does not answer. */
  abstract ping(): Promise<number>;

  /** @returns the store's own time, milliseconds since 1970; rejects when it does not answer. */
  abstract time(): Promise<number>;
}
