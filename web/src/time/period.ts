import { Temporal } from 'temporal-polyfill';
import type { Interval } from '../generated/graphql';

/** Days from `first` to `last`, both included, as ISO dates of the account's calendar. */
export interface Period {
  first: string;
  last: string;
}

/** Periods by name, in the order shown. Those of "this" end today. */
export const NAMED_PERIODS = [
  'THIS_MONTH',
  'LAST_MONTH',
  'THIS_QUARTER',
  'LAST_QUARTER',
  'THIS_YEAR',
  'LAST_YEAR',
  'LAST_12_MONTHS',
] as const;

export type NamedPeriod = (typeof NAMED_PERIODS)[number];

/** The named period on the day `today`. */
export function namedPeriod(name: NamedPeriod, today: string): Period {
  const day = Temporal.PlainDate.from(today);
  const month = day.with({ day: 1 });
  const quarter = month.subtract({ months: (month.month - 1) % 3 });
  const year = month.with({ month: 1 });
  switch (name) {
    case 'THIS_MONTH':
      return { first: month.toString(), last: today };
    case 'LAST_MONTH':
      return monthsBefore(month, 1);
    case 'THIS_QUARTER':
      return { first: quarter.toString(), last: today };
    case 'LAST_QUARTER':
      return monthsBefore(quarter, 3);
    case 'THIS_YEAR':
      return { first: year.toString(), last: today };
    case 'LAST_YEAR':
      return monthsBefore(year, 12);
    case 'LAST_12_MONTHS':
      // This month and the eleven before it, so that all monthly bars but the last are complete.
      return { first: month.subtract({ months: 11 }).toString(), last: today };
  }
}

/** The whole months before the first day of one. */
function monthsBefore(first: Temporal.PlainDate, months: number): Period {
  return {
    first: first.subtract({ months }).toString(),
    last: first.subtract({ days: 1 }).toString(),
  };
}

/** The calendar day at an instant in a time zone. */
export function dayAt(instant: string, timeZone: string): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/** The current calendar day in a time zone. */
export function today(timeZone: string): string {
  return Temporal.Now.plainDateISO(timeZone).toString();
}

/** The day before a day. */
export function dayBefore(day: string): string {
  return Temporal.PlainDate.from(day).subtract({ days: 1 }).toString();
}

/** The day after a day. */
export function dayAfter(day: string): string {
  return Temporal.PlainDate.from(day).add({ days: 1 }).toString();
}

/** The first days of a day's month and of the months before it, latest first. */
export function monthsBack(day: string, count: number): string[] {
  const month = Temporal.PlainDate.from(day).with({ day: 1 });
  return Array.from({ length: count }, (_, months) => month.subtract({ months }).toString());
}

/**
 * The half-open range of instants of the period's days in a time zone: from the first instant of
 * `first` to the first instant after `last`. A day may have 23 or 25 hours, and may not start at
 * midnight.
 */
export function instantsOf(period: Period, timeZone: string): { from: string; to: string } {
  const start = (date: Temporal.PlainDate) => date.toZonedDateTime(timeZone).toInstant().toString();
  return {
    from: start(Temporal.PlainDate.from(period.first)),
    to: start(Temporal.PlainDate.from(period.last).add({ days: 1 })),
  };
}

/** The days of a report's month or week, by its start; undefined for days and hours. */
export function spanOf(start: string, interval: Interval, timeZone: string): Period | undefined {
  const first = Temporal.PlainDate.from(dayAt(start, timeZone));
  switch (interval) {
    case 'MONTH':
      return { first: first.toString(), last: first.with({ day: first.daysInMonth }).toString() };
    case 'WEEK':
      return { first: first.toString(), last: first.add({ days: 6 }).toString() };
    case 'DAY':
    case 'HOUR':
      return undefined;
  }
}

/** The longest period that the server reports on: ten years, of which two or three are leap years. */
const MOST_DAYS = 3_652;

/** Why the two dates are not a valid period; undefined if they are. */
export function periodProblem(period: Period): 'incomplete' | 'reversed' | 'tooLong' | undefined {
  if (!isDate(period.first) || !isDate(period.last)) return 'incomplete';
  if (period.first > period.last) return 'reversed';
  return daysIn(period) > MOST_DAYS ? 'tooLong' : undefined;
}

/** The number of days in the period. */
export function daysIn(period: Period): number {
  return Temporal.PlainDate.from(period.first).until(period.last).days + 1;
}

/** The longest period, in days, that an interval still draws readably. */
const LONGEST_DAYS: Record<Interval, number> = {
  HOUR: 14,
  DAY: 400,
  WEEK: 2_000,
  MONTH: 40_000,
};

export function fitsInterval(interval: Interval, period: Period): boolean {
  return daysIn(period) <= LONGEST_DAYS[interval];
}

/** The interval that suits a period's length. */
export function suggestedInterval(period: Period): Interval {
  const days = daysIn(period);
  if (days <= 2) return 'HOUR';
  return days <= 92 ? 'DAY' : 'MONTH';
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}
