import { expect, test } from 'vitest';
import { NAMED_PERIODS } from '../time/period';
import {
  anyPeriodWord,
  daysOf,
  intervalWord,
  partOf,
  periodWord,
  readAnyPeriod,
  readInterval,
  readPeriod,
} from './choice';

test('a period so far is the beginning of one', () => {
  expect(NAMED_PERIODS.filter(partOf)).toEqual(['THIS_MONTH', 'THIS_QUARTER', 'THIS_YEAR']);
  expect(partOf('THIS_QUARTER')).toBe('QUARTER');
  expect(partOf({ first: '2026-11-01', last: '2026-11-27' })).toBeUndefined();
});

test('a period is read from its word as it was written', () => {
  const custom = { first: '2026-02-01', last: '2026-02-28' };
  for (const choice of [...NAMED_PERIODS, custom]) {
    expect(readPeriod(periodWord(choice))).toEqual(choice);
    expect(readAnyPeriod(anyPeriodWord(choice))).toEqual(choice);
  }
  expect(periodWord('LAST_QUARTER')).toBe('last-quarter');
  expect(periodWord(custom)).toBe('2026-02-01..2026-02-28');
});

test.each([
  undefined,
  '',
  'LAST_MONTH',
  'next-month',
  '2026-02-01',
  '2026-02-01..',
  '2026-02-01..2026-02-30',
  '2026-02-28..2026-02-01',
  '2026-02-01..2026-02-02..2026-02-03',
  '0001-01-01..2026-01-01',
  '20260201..20260228',
])('the word %s names no period, which means this month or all time', (word) => {
  expect(readPeriod(word)).toBe('THIS_MONTH');
  expect(readAnyPeriod(word)).toBeUndefined();
});

test.each([
  [undefined, '2026-11-01', '2026-11-30', 'DAY'],
  ['week', '2026-11-01', '2026-11-30', 'WEEK'],
  ['WEEK', '2026-11-01', '2026-11-30', 'DAY'],
  ['hour', '2026-11-01', '2026-11-30', 'DAY'],
  ['day', '2020-01-01', '2026-11-30', 'MONTH'],
  ['day', '2026-01-01', '2026-11-30', 'DAY'],
  [undefined, '2026-01-01', '2026-11-30', 'MONTH'],
  [undefined, '2026-11-30', '2026-11-30', 'DAY'],
])('the interval %s of %s to %s is %s', (word, first, last, interval) => {
  expect(readInterval(word, { first, last })).toBe(interval);
});

test('an interval is read from its word as it was written', () => {
  const week = { first: '2026-11-01', last: '2026-11-07' };
  for (const interval of ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const) {
    expect(readInterval(intervalWord(interval, week), week)).toBe(interval);
  }
  const year = { first: '2026-01-01', last: '2026-12-31' };
  for (const interval of ['DAY', 'WEEK', 'MONTH'] as const) {
    expect(readInterval(intervalWord(interval, year), year)).toBe(interval);
  }
});

test('a named period has other days on another day', () => {
  expect(daysOf('LAST_YEAR', '2026-11-27')).toEqual({ first: '2025-01-01', last: '2025-12-31' });
  const custom = { first: '2026-02-01', last: '2026-02-28' };
  expect(daysOf(custom, '2026-11-27')).toEqual(custom);
});
