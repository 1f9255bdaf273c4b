/* The marks of the drawings' axes. */

/** A round distance between marks, of which there are about four up to `most`. */
export function roundStep(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power * 4 >= most) ?? 10;
  return factor * power;
}

/** The days of marks, and whether they are the first of months. */
export interface DayMarks {
  days: readonly number[];
  months: boolean;
}

const DAY_STEPS = [1, 2, 5, 7, 10, 14, 28];
const MONTH_STEPS = [1, 2, 3, 6, 12];

/** Marks of a time from today on, at most so many. */
export function dayMarks(today: string, until: number, most: number): DayMarks {
  const count = Math.max(1, most);
  const step = DAY_STEPS.find((one) => until / one <= count);
  if (step && until <= 92) {
    const days = Array.from({ length: Math.floor(until / step) + 1 }, (_, index) => index * step);
    return { days, months: false };
  }
  const months = until / 30.4;
  const every = MONTH_STEPS.find((one) => months / one <= count) ?? 12;
  const days: number[] = [];
  for (let month = 1; ; month += every) {
    const day = daysUntil(today, firstOfMonth(today, month));
    if (day > until) return { days, months: true };
    days.push(day);
  }
}

/** The first of a month, counted from that of a day. */
export function firstOfMonth(day: string, months: number): string {
  const date = new Date(`${day.slice(0, 7)}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 10);
}

/** The days from one date to another. */
export function daysUntil(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY);
}

/** The date so many days after another. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + Math.floor(days) * DAY).toISOString().slice(0, 10);
}

const DAY = 86_400_000;
