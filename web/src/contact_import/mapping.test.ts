import { expect, test } from 'vitest';
import { type FileColumn, guessed, isAsGuessed, isNameable, mappingInput } from './mapping';

function column(header: string, mergeField: string | null, isPhoneColumn = false): FileColumn {
  return { header, mergeField, isPhoneColumn };
}

const KNOWN = [
  column('Name', 'Name'),
  column('Phone', null, true),
  column('Note', 'Note'),
  column('Note', null),
];
const UNKNOWN = [column('id', 'id'), column('dial', 'dial'), column('', null)];

test('what is left as guessed is not told', () => {
  const choices = guessed(KNOWN);
  expect(choices.phone).toBe(1);
  expect(choices.columns.map((one) => one.included)).toEqual([true, false, true, false]);
  expect(isAsGuessed(KNOWN, choices)).toBe(true);
  expect(mappingInput(KNOWN, choices)).toEqual({ positions: [] });
});

test('a column that is renamed or left out is told with all others that have a header of their own', () => {
  const choices = guessed(KNOWN);
  const renamed = choices.columns.map((one, index) =>
    index === 0 ? { included: true, mergeField: ' firstName ' } : one,
  );
  expect(mappingInput(KNOWN, { ...choices, columns: renamed })).toEqual({
    phoneColumn: 'Phone',
    columns: [{ header: 'Name', mergeField: 'firstName' }],
    positions: [0],
  });
  const without = choices.columns.map((one) => ({ ...one, included: false }));
  expect(mappingInput(KNOWN, { ...choices, columns: without }).columns).toEqual([]);
});

test('a phone column that is chosen is told alone if the others stay as they are', () => {
  const choices = guessed(UNKNOWN);
  expect(choices.phone).toBeUndefined();
  expect(mappingInput(UNKNOWN, { ...choices, phone: 1 })).toEqual({
    phoneColumn: 'dial',
    positions: [],
  });
});

test('another phone column than the guessed one is told with the merge fields', () => {
  expect(mappingInput(KNOWN, { ...guessed(KNOWN), phone: 0 })).toEqual({
    phoneColumn: 'Name',
    columns: [],
    positions: [],
  });
});

test('a header that is empty or there twice names no column', () => {
  expect(KNOWN.map((_, index) => isNameable(KNOWN, index))).toEqual([true, true, false, false]);
  expect(UNKNOWN.map((_, index) => isNameable(UNKNOWN, index))).toEqual([true, true, false]);
});
