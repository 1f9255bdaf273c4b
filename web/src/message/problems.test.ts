import type { TFunction } from 'i18next';
import { expect, test } from 'vitest';
import { newDraft } from './draft';
import { atFields, missing, numbersProblem } from './problems';

/** Names the text, and what it is filled in with. */
const t = ((key: string, values: Record<string, unknown> = {}) =>
  [key, ...Object.values(values)].join(' ')) as unknown as TFunction;

const NUMBERS = { ...newDraft(), to: 'numbers', numbers: '+391\n\nx, +392\n' } as const;

test('an error about a number names the line on which it was written', () => {
  const errors = [
    { field: ['input', 'audience', 'recipients', '1'], message: 'Is none.' },
    {
      field: ['input', 'audience', 'recipients', '2'],
      message: 'Is a landline; set acceptLandlines to accept landlines.',
    },
  ];
  expect(atFields(t, errors, NUMBERS).fields).toEqual({
    numbers: 'compose.atLine 3 x Is none.\ncompose.atLine 3 +392 Is a landline.',
  });
});

test('only the first errors about numbers are shown', () => {
  const errors = Array.from({ length: 13 }, (_, at) => ({
    field: ['input', 'audience', 'recipients', String(at)],
    message: 'Is none.',
  }));
  const lines = atFields(t, errors, NUMBERS).fields.numbers?.split('\n');
  expect(lines).toHaveLength(11);
  expect(lines?.at(-1)).toBe('segments.more 3');
});

test('errors stand at their fields, and others elsewhere', () => {
  const errors = [
    { field: ['input', 'text'], message: 'Is too long.' },
    { field: ['input', 'media', '0', 'url'], message: 'Must be a URL.' },
    { field: ['input', 'sendAt'], message: 'Must be in the future.' },
    { field: null, message: 'Credits are missing.' },
  ];
  const { fields, elsewhere } = atFields(t, errors, newDraft());
  expect(fields).toEqual({
    text: 'Is too long.',
    image: 'Must be a URL.',
    sendAt: 'Must be in the future.',
  });
  expect(elsewhere).toEqual([errors[3]]);
});

test('an empty draft lacks a list and a text', () => {
  expect(Object.keys(missing(t, newDraft(), 'Europe/Rome'))).toEqual(['list', 'text']);
  const numbers = { ...newDraft(), to: 'numbers', when: 'later', withImage: true } as const;
  expect(Object.keys(missing(t, numbers, 'Europe/Rome'))).toEqual(['numbers', 'sendAt']);
});

test('numbers that can’t be read are named by their lines', () => {
  expect(numbersProblem(t, '+393401234567\n\n3401234567')).toBe(
    'compose.atLine 3 3401234567 compose.notANumber',
  );
  expect(numbersProblem(t, '+393401234567')).toBeUndefined();
  expect(numbersProblem(t, '+393401234567\n'.repeat(10_001))).toMatch('compose.tooManyNumbers');
});
