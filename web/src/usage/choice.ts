import { Temporal } from 'temporal-polyfill';
import type { CalendarPeriod, Interval } from '../generated/graphql';
import {
  fitsInterval,
  NAMED_PERIODS,
  type NamedPeriod,
  namedPeriod,
  type Period,
  periodProblem,
  suggestedInterval,
} from '../time/period';

/*
 * The period of the usage page and of the history, and the interval, as words of the address:
 * "last-month", or "2026-11-01..2026-11-30". Words that mean nothing are ignored.
 */

/** A period by its name, or by its days. */
export type PeriodChoice = NamedPeriod | Period;

const DEFAULT: NamedPeriod = 'THIS_MONTH';

/** Reads a period's word; undefined if there is none, or it means nothing. */
export function readAnyPeriod(word: string | undefined): PeriodChoice | undefined {
  const name = NAMED_PERIODS.find((one) => wordOf(one) === word);
  if (name) return name;
  const [first = '', last = '', ...rest] = (word ?? '').split('..');
  const period = { first, last };
  const fits = rest.length === 0 && isDay(first) && isDay(last) && !periodProblem(period);
  return fits ? period : undefined;
}

/** The word of a period, of the usual one, too. */
export function anyPeriodWord(choice: PeriodChoice): string {
  return typeof choice === 'string' ? wordOf(choice) : `${choice.first}..${choice.last}`;
}

/** Reads a period's word; the usual period if there is none, or it means nothing. */
export function readPeriod(word: string | undefined): PeriodChoice {
  return readAnyPeriod(word) ?? DEFAULT;
}

/** The word of a period; none for the usual one. */
export function periodWord(choice: PeriodChoice): string | undefined {
  return choice === DEFAULT ? undefined : anyPeriodWord(choice);
}

/** The days of a choice on the day `today`. */
export function daysOf(choice: PeriodChoice, today: string): Period {
  return typeof choice === 'string' ? namedPeriod(choice, today) : choice;
}

/** What a choice is the beginning of, if its name says so. */
export function partOf(choice: PeriodChoice): CalendarPeriod | undefined {
  switch (choice) {
    case 'THIS_MONTH':
      return 'MONTH';
    case 'THIS_QUARTER':
      return 'QUARTER';
    case 'THIS_YEAR':
      return 'YEAR';
    default:
      return undefined;
  }
}

/**
 * Reads an interval's word: the usual one if there is none, or what suits the period if it doesn't
 * fit.
 */
export function readInterval(word: string | undefined, period: Period): Interval {
  const asked = (['HOUR', 'DAY', 'WEEK', 'MONTH'] as const).find((one) => wordOf(one) === word);
  const interval = asked ?? usualInterval(period);
  return fitsInterval(interval, period) ? interval : suggestedInterval(period);
}

/** The word of an interval; none for that which is usual in the period. */
export function intervalWord(interval: Interval, period: Period): string | undefined {
  return interval === usualInterval(period) ? undefined : wordOf(interval);
}

/** Days, or months in a period that is longer than a quarter. */
function usualInterval(period: Period): Interval {
  if (periodProblem(period)) return 'DAY';
  return suggestedInterval(period) === 'MONTH' ? 'MONTH' : 'DAY';
}

function wordOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function isDay(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text;
  } catch {
    return false;
  }
}
