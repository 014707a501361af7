/** Where a test holds what passes, until it opens. */
export class Gate {
  /** How many have come so far. */
  reached = 0;
  private letThrough: () => void = () => undefined;
  private readonly opened = new Promise<void>((resolve) => (this.letThrough = resolve));

  pass(): Promise<void> {
    this.reached += 1;
    return this.opened;
  }

  open(): void {
    this.letThrough();
  }
}
