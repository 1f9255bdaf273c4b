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

test('unchanged guesses are not sent', () => {
  const choices = guessed(KNOWN);
  expect(choices.phone).toBe(1);
  expect(choices.columns.map((one) => one.included)).toEqual([true, false, true, false]);
  expect(isAsGuessed(KNOWN, choices)).toBe(true);
  expect(mappingInput(KNOWN, choices)).toEqual({ positions: [] });
});

test('a renamed or excluded column is sent with all columns that have a unique header', () => {
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

test('a chosen phone column is sent alone if the others are unchanged', () => {
  const choices = guessed(UNKNOWN);
  expect(choices.phone).toBeUndefined();
  expect(mappingInput(UNKNOWN, { ...choices, phone: 1 })).toEqual({
    phoneColumn: 'dial',
    positions: [],
  });
});

test('a phone column other than the guessed one is sent with the merge fields', () => {
  expect(mappingInput(KNOWN, { ...guessed(KNOWN), phone: 0 })).toEqual({
    phoneColumn: 'Name',
    columns: [],
    positions: [],
  });
});

test('an empty or repeated header names no column', () => {
  expect(KNOWN.map((_, index) => isNameable(KNOWN, index))).toEqual([true, true, false, false]);
  expect(UNKNOWN.map((_, index) => isNameable(UNKNOWN, index))).toEqual([true, true, false]);
});
