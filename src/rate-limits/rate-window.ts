/** The answer to one request for admission. */
export interface Admission {
  /** 0: admitted. Else the milliseconds until the next one may be. */
  readonly waitMs: number;
  /** Undoes an admission, for work that turned out not to count (a repeated message). */
  giveBack(): void;
}

/** Never more than a limit of admissions per key in any span of the window. At once where no other node is asked. */
export interface RateWindow {
  take(key: string): Admission | Promise<Admission>;
}
