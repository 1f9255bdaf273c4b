// No number that a page shows is stale after a mutation, in any of the caches that clients use, and
// none is fetched again.
// Here: the mutations, each from what the last one left. Not here: the documents, which are in
// src/operations.js; what only enters or leaves a connection or moves in it, as in places.test.mjs;
// and files of contacts, whose progress a subscription reports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apollo } from './src/apollo.js';
import { complete } from './src/documents.js';
import { graphcache } from './src/graphcache.js';
import { home } from './src/operations.js';
import { relay } from './src/relay.js';
import { ask, done, sent } from './src/server.js';
import { IT, differences, key, plain, shop } from './src/shop.js';

const tomorrow = () => new Date(Date.now() + 24 * 3_600_000).toISOString();
let published = 1;
/** What a credit is worth: more with each version, of which every client publishes one. */
const worth = () => `0.0${++published}`;
const inDays = (days) => new Date(Date.now() + days * 24 * 3_600_000).toISOString().slice(0, 10);

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
  ['erasePerson', ({ accountId }, { sendMessage }) => ({ accountId, phoneNumber: '+393401234568', messageIds: [sendMessage.message.id] })],
  ['publishRateCard', ({ price: { currencyCode } }) => ({ code: 'default', creditValue: { amount: worth(), currencyCode }, rates: [{ sms: '1', mms: '3' }] })],
];

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
