import { afterEach, expect, test } from 'vitest';
import { setLanguage } from '../language/languages';
import { serverText } from './server_text';

afterEach(() => setLanguage('en'));

test.each([
  [
    '12000 credits are needed and 11731.5 are available.',
    '12,000 credits are needed and 11,731.5 are available.',
    '12.000 credits are needed and 11.731,5 are available.',
  ],
  [
    'At most 10,000 recipients are allowed; got 12345.',
    'At most 10,000 recipients are allowed; got 12,345.',
    'At most 10.000 recipients are allowed; got 12.345.',
  ],
  [
    '+393401234567 is no mobile number, until 2026-12-01, or 1 December 2026.',
    '+393401234567 is no mobile number, until 2026-12-01, or 1 December 2026.',
    '+393401234567 is no mobile number, until 2026-12-01, or 1 December 2026.',
  ],
])('%s', (message, english, italian) => {
  expect(serverText(message)).toBe(english);
  setLanguage('it');
  expect(serverText(message)).toBe(italian);
});
