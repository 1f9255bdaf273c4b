import { expect, test } from 'vitest';
import { rejectedFile, rejectedName } from './rejected_file';

test.each([
  ['340 1234', '340 1234'],
  ['a,b', '"a,b"'],
  ['a "b"', '"a ""b"""'],
  ['+39', "'+39"],
  ['=1+1', "'=1+1"],
  ['x;=1', '"x;\'=1"'],
  ['"=1', '"""\'=1"'],
  ['\uff1d1', "'\uff1d1"],
  ['\t1', "'\t1"],
])('%j becomes the cell %s', (value, written) => {
  expect(rejectedFile([{ line: 7, value, reason: 'No.' }])).toBe(
    `\ufeffline,value,reason\r\n7,${written},No.\r\n`,
  );
});

test.each([
  ['contacts.xlsx', 'contacts-rejected.csv'],
  ['contacts', 'contacts-rejected.csv'],
  ['.csv', 'import-rejected.csv'],
])('the rejected rows of %s are in %s', (name, file) => {
  expect(rejectedName(name)).toBe(file);
});
