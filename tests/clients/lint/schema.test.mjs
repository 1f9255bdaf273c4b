// What @graphql-eslint says of the schema and of GraphiQL's examples, by its recommended rules and
// those for Relay.
// Here: the rules' exceptions, each with its reason. Not here: the rules.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';
import { parse } from 'graphql';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const EXAMPLES = 'web/src/graphiql/examples/*.graphql';

const rules = (name) => graphql.configs[`flat/${name}`].rules;
const only = (name, options) => ({ [`@graphql-eslint/${name}`]: ['error', options] });

const lint = async (files, ownRules) => {
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: {
      files: ['**/*.graphql'],
      plugins: { '@graphql-eslint': graphql },
      languageOptions: {
        parser: graphql.parser,
        parserOptions: {
          graphQLConfig: { schema: `${root}schema.graphql`, documents: `${root}${EXAMPLES}` },
        },
      },
      rules: ownRules,
    },
  });
  const results = await eslint.lintFiles(files);
  return results.flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, line, message }) => ({
      file: filePath.slice(root.length),
      rule: ruleId?.replace('@graphql-eslint/', ''),
      line,
      message: message.split('\n')[0],
    })),
  );
};

/** Values: each is a part of the object that it is selected of, and is replaced as a whole. */
const VALUES = [
  'Actor', 'AutoRecharge', 'ChannelUsage', 'ContactField', 'ContactImportPreview',
  'ContactWarning', 'CountryUsage', 'Destination', 'Download', 'ErrorDetail', 'ExpiringCredits',
  'Forecast', 'ForecastExpiry', 'ImportColumn', 'ImportPreviewColumn', 'ImportPreviewRow',
  'ImportWarning', 'LedgerHead', 'ListMergeField', 'ListUsage', 'Media', 'MergeField', 'Money',
  'MonthlyReportSchedule', 'NonGsmCharacter', 'PackageCapacity', 'PageInfo', 'PersonalText',
  'Posting', 'PostingLot', 'PreviousUsage', 'ProviderLimit', 'Quote', 'QuoteLine', 'Rate',
  'RejectedRow', 'Segment', 'SegmentShare', 'Segmentation', 'SettingFieldChange', 'Statement',
  'StatementCredits', 'TextWarning', 'Usage', 'UsageBucket', 'UserError', 'Viewer', '_Service',
];

/** Findings that stand, as "rule Type.field". */
const EXCEPTIONS = [
  // The names that Apollo Federation prescribes.
  'naming-convention Query._service',
  'naming-convention Query._entities',
  'naming-convention _Any',
  'naming-convention _Entity',
  'naming-convention _Service',
  // A row of an imported file has no id: its line is found in the file.
  'relay-edge-types ImportWarningEdge',
  'relay-edge-types RejectedRowEdge',
  // The connection to a payment provider is no connection of nodes.
  'relay-arguments Account.paymentConnection',
  'relay-arguments ConnectPaymentsPayload.paymentConnection',
  'relay-connection-types PaymentConnection',
  // The messages that a figure counts are read forward only.
  'relay-arguments ListUsage.messages',
];

/** The type, and its field, that a line of the schema belongs to. */
const places = () => {
  const text = readFileSync(`${root}schema.graphql`, 'utf8');
  const { definitions } = parse(text);
  return (line) => {
    const holds = ({ loc }) => loc.startToken.line <= line && line <= loc.endToken.line;
    const type = definitions.find(holds);
    const field = type?.fields?.find(holds);
    return [type?.name?.value, field?.name.value].filter(Boolean).join('.');
  };
};

test('the schema follows the recommended rules and those for Relay', async () => {
  const found = await lint(['schema.graphql'], {
    ...rules('schema-recommended'),
    ...rules('schema-relay'),
    ...only('strict-id-in-types', {
      exceptions: { suffixes: ['Payload', 'Connection', 'Edge'], types: VALUES },
    }),
    // Lists of values are no connections.
    ...only('relay-edge-types', { listTypeCanWrapOnlyEdgeType: false }),
  });
  const place = places();
  const named = [...new Set(found.map(({ rule, line }) => `${rule} ${place(line)}`))];
  assert.deepEqual(named.sort(), [...EXCEPTIONS].sort());
});

test("GraphiQL's examples follow the recommended rules", async () => {
  assert.deepEqual(await lint([EXAMPLES], rules('operations-recommended')), []);
});
