import { expect, test } from 'vitest';
import type { Language } from '../language/languages';
import { formatDecimal, formatMoney, isZero, percent, pricePerCredit, sum, times } from './decimal';

test.each([
  ['0', '0'],
  ['999', '999'],
  ['1000', '1,000'],
  ['-1234567', '-1,234,567'],
  ['21.4890', '21.4890'],
  ['1234.5678', '1,234.5678'],
  // Beyond 2^53: a float would give ...992.
  ['9007199254740993.0001', '9,007,199,254,740,993.0001'],
  ['n/a', 'n/a'],
])('formatDecimal(%s) is %s', (value, expected) => {
  expect(formatDecimal(value)).toBe(expected);
});

test.each([
  ['12', 2, '12.00'],
  ['1234.5', 2, '1,234.50'],
  ['0.1234', 2, '0.1234'],
])('formatDecimal(%s, %i) is %s', (value, digits, expected) => {
  expect(formatDecimal(value, digits)).toBe(expected);
});

test('Italian groups by points', () => {
  expect(formatDecimal('-1234567.5', 2, 'it')).toBe('-1.234.567,50');
});

test.each<[string, string, Language, string]>([
  ['1234.50', 'EUR', 'en', '€1,234.50'],
  ['-0.1', 'GBP', 'en', '-£0.1'],
  ['12', 'CHF', 'en', 'CHF\u00a012'],
  ['-1234.50', 'EUR', 'it', '-1.234,50\u00a0€'],
  ['12', 'CHF', 'it', '12\u00a0CHF'],
])('formatMoney(%s %s) in %s is %s', (amount, currencyCode, tongue, expected) => {
  expect(formatMoney({ amount, currencyCode }, tongue)).toBe(expected);
});

test.each([
  ['49', '3000', '0.0163'],
  ['1', '2', '0.5000'],
  ['0.25', '10000', '0.00002500'],
  ['1', '0', '0.00000000'],
])('%s for %s credits is %s each', (price, credits, expected) => {
  const perCredit = pricePerCredit(price, credits);
  if (credits === '0') expect(isZero(perCredit)).toBe(true);
  else expect(perCredit).toBe(expected);
});

test.each([
  ['1', '3', 33],
  ['2.5', '10', 25],
  ['0', '0', 0],
  ['9007199254740993', '9007199254740993', 100],
])('percent(%s, %s) is %i', (part, whole, expected) => {
  expect(percent(part, whole)).toBe(expected);
});

test.each([
  ['0', true],
  ['0.000', true],
  ['-0', true],
  ['0.0001', false],
])('isZero(%s) is %s', (value, expected) => {
  expect(isZero(value)).toBe(expected);
});

test.each([
  [[], '0'],
  [['1.5', '2.50', '-4'], '0'],
  [['0.1', '0.2'], '0.3'],
  [['-0.25', '0.2'], '-0.05'],
  [['9007199254740993', '0.0001'], '9007199254740993.0001'],
])('sum(%j) is %s', (values, expected) => {
  expect(sum(values)).toBe(expected);
});

test.each([
  ['0.0001', 10_000, '1'],
  ['1.25', 3, '3.75'],
  ['9007199254740993', 3, '27021597764222979'],
  ['2', 0, '0'],
])('%s times %i is %s', (value, count, expected) => {
  expect(times(value, count)).toBe(expected);
});
