import { expect, test } from 'vitest';
import { conditions, readRestriction, restrictionWords } from './restriction';

test('a restriction is read from its own words', () => {
  const restriction = {
    list: 'list_01abc',
    country: 'IT',
    channel: 'MMS',
    key: 'key_01abc',
  } as const;
  expect(readRestriction(restrictionWords(restriction))).toEqual(restriction);
  expect(conditions(restriction)).toEqual({
    listIds: ['list_01abc'],
    countryCodes: ['IT'],
    channel: 'MMS',
    actor: { apiKeyId: 'key_01abc' },
  });
  const person = { person: 'Maria Nicolò' };
  expect(readRestriction(restrictionWords(person))).toEqual(person);
  expect(conditions(person)).toEqual({ actor: { onBehalfOf: 'Maria Nicolò' } });
  expect(readRestriction({ key: 'key_01abc', ...person })).toEqual({ key: 'key_01abc' });
});

test.each([
  {},
  { list: 'Newsletter', country: 'Italy', channel: 'fax', key: 'Shop', person: 'x'.repeat(101) },
  { channel: 'SMS' },
])('words that mean nothing are ignored: %o', (words) => {
  expect(conditions(readRestriction(words))).toEqual({});
});
