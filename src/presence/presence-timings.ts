/** Times that presence goes by, milliseconds. A class, so that tests can put shorter ones in its place. */
export class PresenceTimings {
  /** Who returns within it was never away (contract 4). */
  readonly graceMs: number = 5_000;
  /** A node that has not been heard of for this long is dead; with a beat and the reaping, less than a minute. */
  readonly leaseMs: number = 50_000;
  /** How often a node renews its lease and looks for dead ones. */
  readonly beatMs: number = 5_000;
  /** After Redis was away all nodes are back within it: longer than the longest pause between tries to connect. */
  readonly returnMs: number = 4_000;
}
