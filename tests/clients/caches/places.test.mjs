// What enters a connection, what leaves it and what moves in it stands in the answer of the
// mutation: each client places it by its own means, and fetches nothing again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apolloPlaces } from './src/apollo.js';
import { graphcachePlaces } from './src/graphcache.js';
import { bare, page } from './src/places.js';
import { relayPlaces } from './src/relay.js';
import { ask, sent } from './src/server.js';
import { IT, differences, key, plain, shop } from './src/shop.js';

const contact = (phoneNumber) => ({ phoneNumber });

const tomorrow = () => new Date(Date.now() + 24 * 3_600_000).toISOString();

const STEPS = [
  ['sendMessage', ({ accountId, lists }) => ({ accountId, listId: lists.shared, text: 'Saldi', idempotencyKey: key() })],
  ['sendMessage', ({ accountId, lists }) => ({ accountId, listId: lists.other, text: 'Saldi', idempotencyKey: key() })],
  ['scheduleMessage', ({ accountId, lists }) => ({ accountId, listId: lists.other, text: 'Saldi', sendAt: tomorrow(), idempotencyKey: key() })],
  ['createContactList', ({ accountId }) => ({ accountId, name: 'Younger', destinations: IT(3) })],
  ['archiveContactList', (_, { createContactList }) => ({ listId: createContactList.listEdge.node.id })],
  ['restoreContactList', (_, { createContactList }) => ({ listId: createContactList.listEdge.node.id })],
  ['grantCredits', ({ accountId }) => ({ accountId, credits: '50', note: 'A gift', idempotencyKey: key() })],
  ['purchaseCredits', ({ accountId, packageId }) => ({ accountId, packageId, method: 'BANK_TRANSFER', idempotencyKey: key() })],
  ['createApiKey', ({ accountId }) => ({ accountId, role: 'MEMBER', name: 'Member' })],
  ['rotateApiKey', (_, { createApiKey }) => ({ id: createApiKey.apiKeyEdge.node.id })],
  ['createCreditPackage', ({ price }) => ({ code: `most-${key()}`, name: 'Most', credits: '1000000', price })],
  ['reorderCreditPackages', ({ packageId }, { createCreditPackage }) => ({ packageIds: [createCreditPackage.packageEdge.node.id, packageId] })],
  ['archiveCreditPackage', (_, { createCreditPackage }) => ({ packageId: createCreditPackage.packageEdge.node.id })],
  ['addContacts', ({ lists }) => ({ listId: lists.stored, contacts: [contact('+393401234570'), contact('+393401234571')] })],
  ['removeContacts', ({ lists }) => ({ listId: lists.stored, phoneNumbers: ['+393401234568', '+393401234570'] })],
];

/** Without the cursors and bounds of pages, which Relay keeps for itself. */
const nodes = (data) => {
  const { account, list, creditPackages } = plain(data);
  const of = ({ edges }) => edges.map(({ node }) => node);
  const { messages, lists, lots, purchases, apiKeys } = account;
  const shown = { messages, lists, lots, purchases, apiKeys, contacts: list.contacts, creditPackages };
  return Object.fromEntries(Object.entries(shown).map(([name, connection]) => [name, of(connection)]));
};

for (const client of [apolloPlaces, graphcachePlaces, relayPlaces]) {
  test(`what answers name is placed by ${client.name}`, async (context) => {
    const given = await shop();
    const variables = { accountId: given.accountId, listId: given.lists.stored };
    const cache = await client(variables);
    const fresh = async () => nodes(await ask(bare(page), variables));
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
        assert.deepEqual(differences(nodes(shown), await fresh()), []);
      });
    }
    assert.deepEqual(cache.warnings ?? [], []);
  });
}
