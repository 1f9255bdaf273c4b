import { expect, test } from 'vitest';
import type { Language } from '../language/languages';
import { editable, type Problem, readNumber } from './reading';

const CREDITS = { kind: 'credits' } as const;
const EUROS = { kind: 'money', currencyCode: 'EUR' } as const;

test.each<[Language, string, string]>([
  ['en', '5000', '5000'],
  ['en', ' 5,000 ', '5000'],
  ['en', '1,500', '1500'],
  ['it', '1.500', '1500'],
  ['en', '1 234 567.5', '1234567.5'],
  ['it', '1.234.567,5', '1234567.5'],
  ['it', "1'234'567,5", '1234567.5'],
  ['en', '1,500.250', '1500.25'],
  ['en', '1.5', '1.5'],
  ['it', '1,5', '1.5'],
  ['en', '1.5000', '1.5'],
  ['it', '0,125', '0.125'],
  ['en', '0.125', '0.125'],
  // Four digits before the point: nobody groups so.
  ['en', '1500.125', '1500.125'],
  ['en', '007', '7'],
  ['en', '0', '0'],
  ['en', '900719925474099', '900719925474099'],
])('in %s "%s" is %s credits', (tongue, typed, value) => {
  expect(readNumber(typed, CREDITS, tongue)).toEqual({ value });
});

test.each<[Language, string, string, string]>([
  ['en', '1.500', '1,500', '1.5'],
  ['it', '1,500', '1.500', '1,5'],
  ['en', '12.345', '12,345', '12.3450'],
  ['it', '100,000', '100.000', '100'],
])('in %s "%s" may be %s or %s', (tongue, typed, thousands, fraction) => {
  const problem = { kind: 'ambiguous', thousands, fraction };
  expect(readNumber(typed, CREDITS, tongue)).toEqual({ problem });
  // What is proposed is read as it says.
  expect(readNumber(thousands, CREDITS, tongue)).toHaveProperty('value');
  expect(readNumber(fraction, CREDITS, tongue)).toHaveProperty('value');
});

test.each<[Language, string, string]>([
  ['en', '1.234,50', '1,234.5'],
  ['it', '1,234.50', '1.234,5'],
  ['it', '1.5', '1,5'],
  ['en', '5,00', '5'],
  ['en', '1.500.000', '1,500,000'],
])('in %s "%s" is refused: write %s', (tongue, typed, meant) => {
  expect(readNumber(typed, CREDITS, tongue)).toEqual({
    problem: { kind: 'otherNotation', meant },
  });
});

test.each<[string, Problem['kind']]>([
  ['', 'empty'],
  ['-1', 'notANumber'],
  ['1e3', 'notANumber'],
  ['12.', 'notANumber'],
  ['1,50,000', 'notANumber'],
  ['1.23456', 'tooPrecise'],
  ['9007199254740993', 'tooLarge'],
])('"%s" is refused: %s', (typed, kind) => {
  expect(readNumber(typed, CREDITS, 'en')).toHaveProperty('problem.kind', kind);
});

test.each<[Language, string, string]>([
  ['en', '49.90', '49.9'],
  ['it', '49,90', '49.9'],
  ['en', '1,234.56', '1234.56'],
  ['it', '1.234,56', '1234.56'],
])('in %s "%s" is %s euros', (tongue, typed, value) => {
  expect(readNumber(typed, EUROS, tongue)).toEqual({ value });
});

test('money has at most two digits after the point', () => {
  expect(readNumber('1.2345', EUROS, 'en')).toHaveProperty('problem.kind', 'tooPrecise');
});

test.each(['0', '1500', '1.5', '1.125', '1500.25', '0.0001', '123.4567'])(
  'a field that shows %s is read as the same',
  (value) => {
    for (const tongue of ['en', 'it'] as const) {
      expect(readNumber(editable(value, tongue), CREDITS, tongue)).toEqual({ value });
    }
  },
);
