import { expect, test } from 'vitest';
import { formatDecimal, formatMoney, isZero, parseCredits, parseMoney, percent } from './decimal';

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

test.each([
  ['1234.50', 'EUR', '€1,234.50'],
  ['-0.1', 'GBP', '-£0.1'],
  ['12', 'CHF', 'CHF 12'],
])('formatMoney(%s %s) is %s', (amount, currencyCode, expected) => {
  expect(formatMoney({ amount, currencyCode })).toBe(expected);
});

test.each([
  ['5000', '5000'],
  [' 5,000 ', '5000'],
  ['1 234 567.5', '1234567.5'],
  ['007', '7'],
  ['0', '0'],
  ['1.5000', '1.5'],
  ['1.0', '1'],
  ['9007199254740993', undefined],
  ['900719925474099', '900719925474099'],
  ['1.23456', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['5,00', undefined],
  ['', undefined],
])('parseCredits(%j) is %j', (typed, expected) => {
  expect(parseCredits(typed)).toBe(expected);
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
  ['300', '300'],
  ['49.90', '49.90'],
  ['49,9', '49.9'],
  [' 007 ', '7'],
  ['1.500', undefined],
  ['1,500', undefined],
  ['-5', undefined],
  ['', undefined],
  ['12.', undefined],
  ['1e3', undefined],
])('parseMoney(%s)', (typed, amount) => {
  expect(parseMoney(typed)).toBe(amount);
});
