/** The books of a series of kills. */
export interface CrashTotal {
  readonly rounds: number;
  readonly seed: number;
  readonly acknowledged: number;
  readonly lost: string[];
  readonly half: string[];
  readonly problems: string[];
}

export function crashRounds(options: { rounds: number; writes?: number; seed?: number }): Promise<CrashTotal>;
