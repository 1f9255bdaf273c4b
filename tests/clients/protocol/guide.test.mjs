// The programs of docs/api.md, as they are written there.
// Here: each block of JavaScript against the server. Not here: the page's shell commands, which the
// Rust suite runs, and Relay, whose operations need a compiler.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ask, grant, newAccount, url } from './api.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const GUIDE = readFileSync(path('../../../docs/api.md'), 'utf8');
/** The libraries that the programs import, as other tests install them. */
const SCOPES = { '@apollo': path('node_modules/@apollo'), '@urql': path('../tour/node_modules/@urql') };

const block = (marker) => {
  const [, rest] = GUIDE.split(`<!-- ${marker} -->\n`);
  return rest.match(/^```\w+\n(.*?)^```$/ms)[1];
};

const OPERATIONS = block('api:operations').trim().split('\n\n');

/** A list of 100 recipients in an account with 1,000 credits. */
const shop = async () => {
  const account = await newAccount('Guide');
  await grant(account, '1000');
  const { createContactList } = await ask(
    `mutation { createContactList(input: {
      name: "Guide", destinations: [{ countryCode: "IT", recipientCount: 100 }] }) { list { id } } }`,
    {},
    account.key,
  );
  return { key: account.key, listId: createContactList.list.id };
};

/** Runs a program of the guide, and returns what its variables hold at its end. */
const run = async (name, variables) => {
  const folder = mkdtempSync(join(tmpdir(), 'guide-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    for (const [scope, from] of Object.entries(SCOPES)) {
      symlinkSync(from, join(folder, 'node_modules', scope));
    }
    const [QUOTE, SEND, HOME] = OPERATIONS;
    const given = { url, ...(await shop()), QUOTE, SEND, HOME };
    const constants = Object.entries(given).map(([of, value]) => `const ${of} = ${JSON.stringify(value)};`);
    const program = join(folder, 'program.mjs');
    const lines = [...constants, block(`api:js ${name}`), `export { ${variables.join(', ')} };`];
    writeFileSync(program, lines.join('\n'));
    const { ...held } = await import(pathToFileURL(program));
    return { ...held, ...given };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const assertSent = ({ quote, sendMessage }) => {
  assert.equal(quote.credits, '100');
  assert.equal(quote.sufficient, true);
  assert.deepEqual(sendMessage.userErrors, []);
  assert.equal(sendMessage.message.status, 'SENT');
  assert.equal(sendMessage.message.credits, '100');
  assert.equal(sendMessage.message.account.balance.available, '900');
};

test('the guide: fetch quotes and sends, and its errors have their code', async () => {
  const ran = await run('fetch', ['ask', 'quote', 'sendMessage']);
  assertSent(ran);
  await assert.rejects(ran.ask('{ platformApiKeys { totalCount } }'), { code: 'FORBIDDEN', roles: ['PLATFORM_ADMIN'] });
});

test('the guide: Apollo Client shows the new balance from its cache', async () => {
  const ran = await run('apollo', ['quote', 'sendMessage', 'shown']);
  assertSent(ran);
  assert.equal(ran.shown, '900');
});

test('the guide: urql shows the new balance', { skip: !existsSync(SCOPES['@urql']) }, async () => {
  const ran = await run('urql', ['quote', 'sendMessage', 'shown']);
  assertSent(ran);
  assert.equal(ran.shown, '900');
});
