import { Temporal } from 'temporal-polyfill';
import type { Period } from '../time/period';

/* The month of the calendar of scheduled messages, and the day chosen in it, as words. */

/** A month as its word: "2026-12". */
export type Month = string;

/** Reads a month's word; else the month of the chosen day, or of today. */
export function readMonth(word: string | undefined, day: string): Month {
  try {
    const month = Temporal.PlainYearMonth.from(word ?? '', { overflow: 'reject' }).toString();
    if (month === word) return month;
  } catch {
    // The address may hold anything.
  }
  return day.slice(0, 7);
}

/** Reads a day's word; undefined if there is none, or it means nothing. */
export function readDay(word: string | undefined): string | undefined {
  try {
    return Temporal.PlainDate.from(word ?? '', { overflow: 'reject' }).toString() === word
      ? word
      : undefined;
  } catch {
    return undefined;
  }
}

/** The month a number of months later, or earlier. */
export function monthLater(month: Month, months: number): Month {
  return Temporal.PlainYearMonth.from(month).add({ months }).toString();
}

/** The month's first and last day. */
export function daysOfMonth(month: Month): Period {
  const { daysInMonth } = Temporal.PlainYearMonth.from(month);
  return { first: `${month}-01`, last: `${month}-${daysInMonth}` };
}

/** The month's days in weeks from Monday to Sunday; undefined for the days of other months. */
export function weeksOf(month: Month): (string | undefined)[][] {
  const first = Temporal.PlainDate.from(`${month}-01`);
  const days = Array.from({ length: first.daysInMonth }, (_, days) =>
    first.add({ days }).toString(),
  );
  const padded = [...Array<undefined>(first.dayOfWeek - 1).fill(undefined), ...days];
  return Array.from({ length: Math.ceil(padded.length / 7) }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => padded[7 * week + day]),
  );
}
