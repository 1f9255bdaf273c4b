// The deepest documents that the limit allows: none may exhaust the stack of the server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grant, newAccount, post } from './api.mjs';

const nested = (times) =>
  `${'messages(first: 1) { nodes { account { '.repeat(times)}id${' } } }'.repeat(times)}`;

/** Asks ever deeper, until the limit refuses it. */
const untilRefused = async (document, variables, key) => {
  for (let times = 1; times < 20; times += 1) {
    const { errors } = await (await post({ query: document(times), variables: variables() }, key)).json();
    if (errors) return { times, message: errors[0].message };
  }
  throw new Error('no depth was refused');
};

test('the deepest query is answered', async () => {
  const account = await newAccount('Deep query');
  const document = (times) => `{ account { ${nested(times)} } }`;
  const { times, message } = await untilRefused(document, () => ({}), account.key);
  assert.match(message, /fields within fields/);
  assert.ok(times > 5, `refused at ${times}`);
});

test('the deepest mutation is answered', async () => {
  const account = await newAccount('Deep mutation');
  await grant(account, '1000');
  const document = (times) =>
    `mutation($input: SendMessageInput!) { sendMessage(input: $input) { message { account { ${nested(times)} } } } }`;
  const audience = { destinations: [{ countryCode: 'IT', recipientCount: 1 }] };
  const variables = () => ({ input: { audience, text: 'Saldi', idempotencyKey: crypto.randomUUID() } });
  const { times, message } = await untilRefused(document, variables, account.key);
  assert.match(message, /fields within fields/);
  assert.ok(times > 4, `refused at ${times}`);
});
