import { expect, test } from 'vitest';
import { daysOfMonth, monthLater, readDay, readMonth, weeksOf } from './month';

test.each([
  ['2026-12', '2026-12'],
  [undefined, '2026-11'],
  ['2026-13', '2026-11'],
  ['2026-1', '2026-11'],
  ['2026-12-04', '2026-11'],
  ['x', '2026-11'],
])('the month of %s is %s', (word, month) => {
  expect(readMonth(word, '2026-11-27')).toBe(month);
});

test.each([
  ['2026-12-04', '2026-12-04'],
  ['2026-02-30', undefined],
  ['2026-12', undefined],
  [undefined, undefined],
])('the day of %s is %s', (word, day) => {
  expect(readDay(word)).toBe(day);
});

test('months go on over the end of a year', () => {
  expect(monthLater('2026-12', 1)).toBe('2027-01');
  expect(monthLater('2026-01', -1)).toBe('2025-12');
});

test('a month is cut into weeks that begin on Monday', () => {
  // February 2027 begins on a Monday and has four whole weeks.
  expect(weeksOf('2027-02')).toHaveLength(4);
  const [first, ...rest] = weeksOf('2026-11');
  expect(first).toEqual([...Array(6).fill(undefined), '2026-11-01']);
  expect(rest.at(-1)).toEqual(['2026-11-30', ...Array(6).fill(undefined)]);
  expect(weeksOf('2028-02').flat().filter(Boolean)).toHaveLength(29);
  expect(daysOfMonth('2028-02')).toEqual({ first: '2028-02-01', last: '2028-02-29' });
});
