/** Told of every command to the store: its name, whether it succeeded, its time in milliseconds. */
export type CommandListener = (command: string, ok: boolean, ms: number) => void;

/** What the rest of the service may know of the store: its kind, and whether it answers. */
export abstract class StoreStatus {
  protected readonly commandListeners: CommandListener[] = [];

  abstract readonly kind: 'embedded' | 'mongodb';

  /** For measuring; the listener does no I/O. */
  onCommand(listener: CommandListener): void {
    this.commandListeners.push(listener);
  }

  /** @returns whether operations may be tried, without asking the store. */
  abstract isReady(): boolean;

  /** @returns the store's answer time in milliseconds; rejects when it does not answer. */
  abstract ping(): Promise<number>;
}
