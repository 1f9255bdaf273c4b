import { expect, test } from 'vitest';
import {
  dayAt,
  daysIn,
  fitsInterval,
  instantsOf,
  monthsBack,
  namedPeriod,
  periodProblem,
  spanOf,
  suggestedInterval,
} from './period';

test('a month or a week of a report leads to its days', () => {
  const zone = 'Europe/Rome';
  const rome = (start: string, interval: 'MONTH' | 'WEEK' | 'DAY') => spanOf(start, interval, zone);
  expect(rome('2026-01-31T23:00:00Z', 'MONTH')).toEqual({
    first: '2026-02-01',
    last: '2026-02-28',
  });
  expect(rome('2026-10-18T22:00:00Z', 'WEEK')).toEqual({ first: '2026-10-19', last: '2026-10-25' });
  expect(rome('2026-10-18T22:00:00Z', 'DAY')).toBeUndefined();
});

test.each([
  ['THIS_MONTH', '2026-11-22', '2026-11-01', '2026-11-22'],
  ['THIS_MONTH', '2026-11-01', '2026-11-01', '2026-11-01'],
  ['LAST_MONTH', '2026-11-22', '2026-10-01', '2026-10-31'],
  ['LAST_MONTH', '2026-01-31', '2025-12-01', '2025-12-31'],
  ['LAST_MONTH', '2028-03-31', '2028-02-01', '2028-02-29'],
  ['THIS_QUARTER', '2026-11-22', '2026-10-01', '2026-11-22'],
  ['THIS_QUARTER', '2026-10-01', '2026-10-01', '2026-10-01'],
  ['LAST_QUARTER', '2026-11-22', '2026-07-01', '2026-09-30'],
  ['LAST_QUARTER', '2028-03-31', '2027-10-01', '2027-12-31'],
  ['LAST_QUARTER', '2028-04-01', '2028-01-01', '2028-03-31'],
  ['THIS_YEAR', '2026-11-22', '2026-01-01', '2026-11-22'],
  ['LAST_YEAR', '2026-01-01', '2025-01-01', '2025-12-31'],
  ['LAST_12_MONTHS', '2026-11-22', '2025-12-01', '2026-11-22'],
  ['LAST_12_MONTHS', '2026-12-31', '2026-01-01', '2026-12-31'],
] as const)('%s on %s is %s to %s', (name, today, first, last) => {
  expect(namedPeriod(name, today)).toEqual({ first, last });
});

test.each([
  // Rome: 23 hours when summer time starts, 25 when it ends.
  ['2026-03-29', '2026-03-29', 'Europe/Rome', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['2026-10-25', '2026-10-25', 'Europe/Rome', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  // Santiago: the day starts at 01:00, since clocks go forward at midnight.
  ['2026-09-06', '2026-09-06', 'America/Santiago', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
  ['2026-11-01', '2026-11-30', 'UTC', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
])('%s to %s in %s is %s to %s', (first, last, zone, from, to) => {
  expect(instantsOf({ first, last }, zone)).toEqual({ from, to });
});

test.each([
  ['2026-11-22T22:59:59Z', 'Europe/Rome', '2026-11-22'],
  ['2026-11-22T23:00:00Z', 'Europe/Rome', '2026-11-23'],
])('%s in %s is on %s', (instant, zone, expected) => {
  expect(dayAt(instant, zone)).toBe(expected);
});

test.each([
  ['2026-11-01', '2026-11-30', undefined],
  ['2026-11-30', '2026-11-30', undefined],
  ['2026-12-01', '2026-11-30', 'reversed'],
  ['2016-12-01', '2026-11-30', undefined],
  ['2016-11-30', '2026-11-30', 'tooLong'],
  ['', '2026-11-30', 'incomplete'],
])('%s to %s: %s', (first, last, expected) => {
  expect(periodProblem({ first, last })).toBe(expected);
});

test.each([
  ['2026-11-22', '2026-11-22', 1, 'HOUR', true],
  ['2026-11-01', '2026-11-30', 30, 'DAY', false],
  ['2025-12-01', '2026-11-22', 357, 'MONTH', false],
] as const)('%s to %s has %i days, by %s', (first, last, days, interval, hourly) => {
  const period = { first, last };
  expect(daysIn(period)).toBe(days);
  expect(suggestedInterval(period)).toBe(interval);
  expect(fitsInterval('HOUR', period)).toBe(hourly);
});

test('monthsBack crosses the year', () => {
  expect(monthsBack('2026-01-31', 3)).toEqual(['2026-01-01', '2025-12-01', '2025-11-01']);
});
