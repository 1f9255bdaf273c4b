// The schema as a subgraph, composed with another one by Apollo's composition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { ask, newAccount } from './api.mjs';

const CAMPAIGNS = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])
  type Query { campaign(id: ID!): Campaign }
  type Campaign @key(fields: "id") {
    id: ID! name: String! account: Account! audience: ContactList message: Message
  }
  type Account @key(fields: "id") { id: ID! campaigns: [Campaign!]! }
  type ContactList @key(fields: "id", resolvable: false) { id: ID! }
  type Message @key(fields: "id", resolvable: false) { id: ID! }
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
`;

test('a gateway joins accounts, lists and messages with its own types', async () => {
  const { _service } = await ask('{ _service { sdl } }');
  const { errors, supergraphSdl } = composeServices([
    { name: 'credits', url: 'http://credits.invalid/graphql', typeDefs: parse(_service.sdl) },
    { name: 'campaigns', url: 'http://campaigns.invalid/graphql', typeDefs: parse(CAMPAIGNS) },
  ]);
  assert.equal(errors, undefined, errors?.map((error) => error.message).join('\n'));
  for (const name of ['Account', 'ContactList', 'Message']) {
    const [, type] = supergraphSdl.match(new RegExp(`type ${name}\\b([^{]*)`));
    assert.match(type, /@join__type\(graph: CREDITS, key: "id"/, name);
  }
});

test('a gateway finds entities by their representations', async () => {
  const [own, other] = [await newAccount('Own'), await newAccount('Other')];
  const query = `query($all: [_Any!]!) {
    _entities(representations: $all) { __typename ... on Account { id name } } }`;
  const all = [own.id, other.id, own.id].map((id) => ({ __typename: 'Account', id }));
  const account = { __typename: 'Account', id: own.id, name: 'Own' };
  assert.deepEqual(await ask(query, { all }, own.key), { _entities: [account, null, account] });
});
