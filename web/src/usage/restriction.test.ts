import { expect, test } from 'vitest';
import { conditions, readRestriction, restrictionWords } from './restriction';

test('a restriction is read from its own words', () => {
  const restriction = { list: 'list_01abc', country: 'IT', channel: 'MMS' } as const;
  expect(readRestriction(restrictionWords(restriction))).toEqual(restriction);
  expect(conditions(restriction)).toEqual({
    listIds: ['list_01abc'],
    countryCodes: ['IT'],
    channel: 'MMS',
  });
});

test.each([{}, { list: 'Newsletter', country: 'Italy', channel: 'fax' }, { channel: 'SMS' }])(
  'words that mean nothing are ignored: %o',
  (words) => {
    expect(conditions(readRestriction(words))).toEqual({});
  },
);
