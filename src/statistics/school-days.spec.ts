import { firstOf, mondayOf, plusDays, SchoolDays } from './school-days';

const at = (text: string): number => Date.parse(text);
const iso = (moment: number): string => new Date(moment).toISOString();

describe('SchoolDays', () => {
  it.each([
    ['Europe/Paris', '2026-01-15', '2026-01-14T23:00:00.000Z'],
    ['Europe/Paris', '2026-03-29', '2026-03-28T23:00:00.000Z'], // the clocks go forward that day
    ['Europe/Paris', '2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['Europe/Paris', '2026-10-26', '2026-10-25T23:00:00.000Z'],
    ['America/St_Johns', '2026-01-15', '2026-01-15T03:30:00.000Z'],
    ['Pacific/Kiritimati', '2026-01-15', '2026-01-14T10:00:00.000Z'],
    ['Etc/GMT+12', '2026-01-15', '2026-01-15T12:00:00.000Z'],
    ['Asia/Beirut', '2025-03-30', '2025-03-29T22:00:00.000Z'], // has no midnight: 00:00 is 01:00
    ['UTC', '2026-01-15', '2026-01-15T00:00:00.000Z'],
  ])('in %s the day %s begins at %s', (timeZone, day, start) => {
    const days = new SchoolDays(timeZone);
    expect(iso(days.startOf(day))).toBe(start);
    expect(days.dayOf(at(start))).toBe(day);
    expect(days.dayOf(at(start) - 1)).toBe(plusDays(day, -1));
  });

  it('knows the Monday and the first of a day', () => {
    expect(['2026-11-22', '2026-11-23', '2026-11-29'].map(mondayOf)).toEqual([
      '2026-11-16',
      '2026-11-23',
      '2026-11-23',
    ]);
    expect(firstOf('2026-12-31')).toBe('2026-12-01');
    expect(plusDays('2026-03-01', -1)).toBe('2026-02-28');
  });
});
