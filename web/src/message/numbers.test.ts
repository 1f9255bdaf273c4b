import { expect, test } from 'vitest';
import { isUnreadable, readNumbers } from './numbers';

test.each<[string, [number, string][]]>([
  ['', []],
  ['\n \n', []],
  ['+393401234567', [[1, '+393401234567']]],
  [
    '+39 340 123-4567\r\n\r\n0039 340 1234568',
    [
      [1, '+39 340 123-4567'],
      [3, '+39 340 1234568'],
    ],
  ],
  [
    '+393401234567, +393401234568;\n+393401234569',
    [
      [1, '+393401234567'],
      [1, '+393401234568'],
      [2, '+393401234569'],
    ],
  ],
  // As they are copied from a contact: within marks of direction, with dashes of typographers.
  ['\u202a+39\u00a0340\u2011123\u22124567\u202c', [[1, '+39 340-123-4567']]],
  ['tel:+393401234567', [[1, '+393401234567']]],
  ['x', [[1, 'x']]],
])('the numbers of %j', (text, expected) => {
  expect(readNumbers(text).map(({ line, number }) => [line, number])).toEqual(expected);
});

test.each([
  ['+393401234567', false],
  ['+39 (340) 123-45.67', false],
  ['3401234567', true],
  ['+39', true],
  ['Ada +393401234567', true],
  ['+39340123456x', true],
])('whether %s can be no number: %s', (number, expected) => {
  expect(isUnreadable({ line: 1, number })).toBe(expected);
});
