const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** No zone is further from UTC. */
const FURTHEST_MS = 15 * HOUR_MS;

/** Days as the school's calendar has them. A day is written `YYYY-MM-DD`. */
export class SchoolDays {
  private readonly format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.format = new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  }

  /** @returns the day of a moment, milliseconds since the epoch. */
  dayOf(moment: number): string {
    const parts = Object.fromEntries(this.format.formatToParts(moment).map(({ type, value }) => [type, value]));
    return `${parts['year']}-${parts['month']}-${parts['day']}`;
  }

  /** @returns the first moment of a day, milliseconds; found by halving, because not every day begins at midnight. */
  startOf(day: string): number {
    let before = (Date.parse(day) - FURTHEST_MS) / MINUTE_MS;
    let within = (Date.parse(day) + FURTHEST_MS) / MINUTE_MS;
    while (within - before > 1) {
      const middle = Math.floor((before + within) / 2);
      if (this.dayOf(middle * MINUTE_MS) < day) before = middle;
      else within = middle;
    }
    return within * MINUTE_MS;
  }
}

export const plusDays = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/** @returns the Monday of the week. */
export const mondayOf = (day: string): string => plusDays(day, -((new Date(day).getUTCDay() + 6) % 7));

/** @returns the first day of the month. */
export const firstOf = (day: string): string => `${day.slice(0, 8)}01`;
