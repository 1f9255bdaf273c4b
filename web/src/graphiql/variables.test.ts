import { expect, test } from 'vitest';
import { acceptDefaults, withoutDefaults } from './variables';

const schema = {
  required: ['input'],
  properties: { input: { $ref: '#/definitions/QuoteInput' } },
  definitions: {
    QuoteInput: {
      required: ['text', 'media'],
      properties: { text: { type: 'string' }, media: { type: 'array', default: [] } },
    },
  },
};

test('fields with defaults are not required', () => {
  expect(withoutDefaults(schema)).toEqual({
    ...schema,
    definitions: { QuoteInput: { ...schema.definitions.QuoteInput, required: ['text'] } },
  });
});

test('schemas of the editor are mended now and later, once', () => {
  const given: object[] = [];
  const json = {
    diagnosticsOptions: { schemas: [{ schema }] },
    setDiagnosticsOptions: (options: object) => void given.push(options),
  };
  acceptDefaults(json);
  acceptDefaults(json);
  json.setDiagnosticsOptions({ validate: true, schemas: [{ schema }, {}] });
  const mended = { schema: withoutDefaults(schema) };
  expect(given).toEqual([{ schemas: [mended] }, { validate: true, schemas: [mended, {}] }]);
});
