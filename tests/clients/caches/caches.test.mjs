// No number that a page shows is stale after a mutation, in any of the caches that clients use, and
// none is fetched again.
// Here: the mutations, each from what the last one left. Not here: the documents, which are in
// src/operations.js; new and archived packages and rate cards, which a client places into the
// platform's lists itself; files of contacts, which a subscription reports; and erasePerson, whose
// answer names no nodes: an administrator's page asks again after it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apollo } from './src/apollo.js';
import { complete } from './src/documents.js';
import { graphcache } from './src/graphcache.js';
import { home } from './src/operations.js';
import { relay } from './src/relay.js';
import { ask, done, sent } from './src/server.js';

const key = () => crypto.randomUUID();
const IT = (recipientCount) => [{ countryCode: 'IT', recipientCount }];
const tomorrow = () => new Date(Date.now() + 24 * 3_600_000).toISOString();
const inDays = (days) => new Date(Date.now() + days * 24 * 3_600_000).toISOString().slice(0, 10);

/** An account with credits, three lists of head-counts, and one with stored contacts. */
const shop = async () => {
  const { account } = await done('createAccount', { name: 'Caches' }, 'account { id currencyCode }');
  const accountId = account.id;
  const list = async (name, destinations) =>
    (await done('createContactList', { accountId, name, destinations }, 'list { id }')).list.id;
  const lists = {
    shared: await list('Shared', IT(10)),
    other: await list('Other', IT(20)),
    limited: await list('Limited', IT(5)),
    stored: await list('Stored', []),
  };
  await done('grantCredits', { accountId, credits: '1000', note: 'A gift', idempotencyKey: key() }, '__typename');
  const contacts = ['+393401234567', '+393401234568', '+393401234569'].map((phoneNumber) => ({ phoneNumber }));
  await done('addContacts', { listId: lists.stored, contacts }, '__typename');
  const price = { amount: '10.00', currencyCode: account.currencyCode };
  const offer = { code: `caches-${key().slice(0, 8)}`, name: 'Caches', credits: '100', price };
  const { package: bought } = await done('createCreditPackage', offer, 'package { id }');
  return { accountId, lists, price, packageId: bought.id };
};

/**
 * The mutations, in the order that a shop could run them: the name, and the input from the shop and
 * from what earlier mutations returned.
 */
const STEPS = [
  ['allocateCredits', ({ accountId, lists }) => ({ accountId, allocations: [{ listId: lists.limited, mode: 'LIMITED', assigned: '200' }] })],
  ['sendMessage', ({ accountId, lists }) => ({ accountId, listId: lists.shared, text: 'Saldi', idempotencyKey: key() })],
  ['sendMessage', ({ accountId, lists }) => ({ accountId, listId: lists.limited, text: 'Saldi', idempotencyKey: key() })],
  ['scheduleMessage', ({ accountId, lists }) => ({ accountId, listId: lists.other, text: 'Saldi', sendAt: tomorrow(), idempotencyKey: key() })],
  ['updateMessage', (_, { scheduleMessage }) => ({ messageId: scheduleMessage.message.id, text: 'Saldi '.repeat(40), idempotencyKey: key() })],
  ['updateMessage', ({ lists }, { scheduleMessage }) => ({ messageId: scheduleMessage.message.id, listId: lists.limited, idempotencyKey: key() })],
  ['cancelMessage', (_, { scheduleMessage }) => ({ messageId: scheduleMessage.message.id, idempotencyKey: key() })],
  ['updateAccount', ({ accountId }) => ({ accountId, settlement: 'REPORTED', consumptionOrder: 'SOONEST_EXPIRY_FIRST', name: 'Renamed' })],
  ['scheduleMessage', ({ accountId, lists }) => ({ accountId, listId: lists.shared, text: 'Saldi', sendAt: tomorrow(), idempotencyKey: key() })],
  ['settleMessage', (_, { scheduleMessage }) => ({ messageId: scheduleMessage.message.id, sent: IT(7), idempotencyKey: key() })],
  ['purchaseCredits', ({ accountId, packageId }) => ({ accountId, packageId, method: 'BANK_TRANSFER', idempotencyKey: key() })],
  ['confirmPurchase', (_, { purchaseCredits }) => ({ purchaseId: purchaseCredits.purchase.id, reference: 'TRN 1' })],
  ['grantCredits', ({ accountId }) => ({ accountId, credits: '50', expiresOn: inDays(10), note: 'A gift', idempotencyKey: key() })],
  ['revokeCredits', ({ accountId }) => ({ accountId, credits: '30', note: 'A mistake', idempotencyKey: key() })],
  ['createContactList', ({ accountId }) => ({ accountId, name: 'New', destinations: IT(3) })],
  ['updateContactList', (_, { createContactList }) => ({ listId: createContactList.list.id, name: 'Newer', destinations: IT(4) })],
  ['addContacts', ({ lists }) => ({ listId: lists.stored, contacts: [{ phoneNumber: '+393401234570', fields: [{ name: 'firstName', value: 'Ada' }] }] })],
  ['updateContact', (_, { addContacts }) => ({ contactId: addContacts.list.contacts.nodes.at(-1).id, fields: [{ name: 'lastName', value: 'Lovelace' }] })],
  ['removeContacts', ({ lists }) => ({ listId: lists.stored, phoneNumbers: ['+393401234567'] })],
  ['archiveContactList', ({ lists }) => ({ listId: lists.limited })],
  ['restoreContactList', ({ lists }) => ({ listId: lists.limited })],
  ['updateMonthlyReports', ({ accountId }) => ({ accountId, enabled: true, format: 'CSV' })],
  ['updateAutoRecharge', ({ accountId, packageId, price }) => ({ accountId, packageId, threshold: '20', monthlyLimit: price })],
  ['createApiKey', ({ accountId }) => ({ accountId, role: 'MEMBER', name: 'Member' })],
  ['rotateApiKey', (_, { createApiKey }) => ({ id: createApiKey.apiKey.id })],
  ['revokeApiKey', (_, { createApiKey }) => ({ id: createApiKey.apiKey.id })],
  ['revokeOtherApiKeys', ({ accountId }) => ({ accountId })],
  ['updateCreditPackage', ({ packageId, price }) => ({ packageId, name: 'Renamed', price: { ...price, amount: '12.00' } })],
];

/** The data without the names of types, which clients ask for on their own. */
const plain = (value) => {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([name]) => !name.startsWith('__'));
  return Object.fromEntries(entries.map(([name, of]) => [name, plain(of)]));
};

/** The paths at which two answers differ, with both values. */
const differences = (shown, right, path = '') => {
  if (shown === null || right === null || typeof shown !== 'object' || typeof right !== 'object') {
    return Object.is(shown, right) ? [] : [`${path}: ${JSON.stringify(shown)} instead of ${JSON.stringify(right)}`];
  }
  const names = new Set([...Object.keys(shown), ...Object.keys(right)]);
  return [...names].flatMap((name) => differences(shown[name], right[name], `${path}/${name}`));
};

for (const client of [apollo, graphcache, relay]) {
  test(`nothing is stale in ${client.name} after any mutation`, async (context) => {
    const given = await shop();
    const variables = { accountId: given.accountId, listId: given.lists.stored };
    const cache = await client(variables);
    const fresh = () => ask(complete(home), variables);
    assert.deepEqual(differences(plain(cache.shown()), await fresh()), []);
    const returned = {};
    for (const [name, input] of STEPS) {
      await context.test(name, async () => {
        sent.length = 0;
        const payload = await cache.mutate(name, input(given, returned));
        assert.deepEqual(plain(payload.userErrors), []);
        returned[name] = payload;
        const shown = cache.shown();
        assert.ok(shown, 'the cache lacks a part of the page');
        assert.equal(sent.length, 1, 'something was fetched again');
        assert.deepEqual(differences(plain(shown), await fresh()), []);
      });
    }
    assert.deepEqual(cache.warnings ?? [], []);
  });
}

test('the comparison finds what an answer leaves out', async () => {
  const given = await shop();
  const variables = { accountId: given.accountId, listId: given.lists.stored };
  const caches = await Promise.all([apollo, graphcache, relay].map((client) => client(variables)));
  const input = { accountId: given.accountId, listId: given.lists.shared, text: 'Saldi', idempotencyKey: key() };
  await done('sendMessage', input, 'message { id }');
  const right = await ask(complete(home), variables);
  for (const cache of caches) {
    const found = differences(plain(cache.shown()), right).join('\n');
    assert.match(found, /^\/account\/balance\/available: "1000" instead of "990"$/m);
    assert.match(found, /^\/account\/lists\/nodes\/1\/allocation\/available: /m);
    assert.match(found, /^\/account\/messages\/totalCount: 0 instead of 1$/m);
  }
});
