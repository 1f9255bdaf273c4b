import { expect, test } from 'vitest';
import { changesBetween } from './changes';
import { readRates, writeRates } from './csv';

const ROWS = [
  { countryCode: 'IT', sms: '1', mms: '3' },
  { countryCode: 'US', sms: '0.5', mms: null },
  { countryCode: null, sms: '2', mms: null },
];

test('a written card is read again', () => {
  const text = writeRates(ROWS);
  expect(text).toBe('country,sms,mms\r\nIT,1,3\r\nUS,0.5,\r\n*,2,\r\n');
  expect(readRates(text)).toEqual({
    rows: ROWS.map((row, index) => ({ ...row, line: index + 2 })),
  });
});

test.each([
  ['\ufeffcountry;sms;mms\nit;1,50;3\n', 'a spreadsheet that writes fractions with a comma'],
  ['\n\nMMS\tCountry\tSMS\r\n3\tIT\t1.5', 'other orders, capitals and tabs'],
  ['country,sms,mms\r\n"IT","1.50","3"\r\n\r\n', 'quotes'],
])('%j is read: %s', (text) => {
  expect(readRates(text)).toMatchObject({ rows: [{ countryCode: 'IT', sms: '1.5', mms: '3' }] });
});

test.each([
  ['', 1, 'empty', ''],
  ['country,sms,mms\n', 1, 'empty', ''],
  ['land,sms,mms\nIT,1,3', 1, 'header', 'land,sms,mms'],
  ['IT,1,3', 1, 'header', 'IT,1,3'],
  ['country,sms,mms\nIT,1', 2, 'cells', 'IT,1'],
  ['country,sms,mms\nIT,1,5,3', 2, 'cells', 'IT,1,5,3'],
  ['country,sms,mms\n\nItaly,1,3', 3, 'country', 'Italy'],
  [',sms,mms\nIT,1,3', 1, 'header', ',sms,mms'],
  ['country,sms,mms\nIT,1,3\nit,2,3', 3, 'repeated', 'it'],
  ['country,sms,mms\n*,1,3\n*,2,3', 3, 'repeated', '*'],
  ['country,sms,mms\nIT,one,3', 2, 'number', 'one'],
  ['country,sms,mms\nIT,-1,3', 2, 'number', '-1'],
  ['country,sms,mms\nIT,"1,5",3', 2, 'number', '1,5'],
  ['country,sms,mms\nIT,1,0.00001', 2, 'tooPrecise', '0.00001'],
  ['country,sms,mms\nIT,1000000.1,3', 2, 'tooLarge', '1000000.1'],
])('%j is refused at line %d: %s', (text, line, problem, value) => {
  expect(readRates(text)).toEqual({ errors: [{ line, problem, value }] });
});

test('every line that can’t be read is reported', () => {
  const read = readRates('country,sms,mms\nIT,x,y\nUS,1,1\nXXX,1,1');
  expect('errors' in read && read.errors.map(({ line }) => line)).toEqual([2, 2, 4]);
});

test('a card has at most 300 rows', () => {
  const codes = Array.from({ length: 301 }, (_, index) =>
    String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26)),
  );
  const text = `country,sms,mms\n${codes.map((code) => `${code},1,`).join('\n')}`;
  expect(readRates(text)).toEqual({ errors: [{ line: 302, problem: 'tooMany', value: '301' }] });
});

test('only rates that differ are changes', () => {
  const after = [
    { countryCode: 'IT', sms: '1.0', mms: '3' },
    { countryCode: 'US', sms: '0.5', mms: '1' },
    { countryCode: 'DE', sms: null, mms: null },
  ];
  expect(changesBetween(ROWS, after)).toEqual([
    { countryCode: 'DE', before: undefined, after: after[2] },
    { countryCode: 'US', before: ROWS[1], after: after[1] },
    { countryCode: null, before: ROWS[2], after: undefined },
  ]);
  expect(changesBetween(ROWS, ROWS)).toEqual([]);
});
