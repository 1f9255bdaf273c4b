// urql with its normalised cache, which knows the schema.
import { readFileSync } from 'node:fs';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { buildSchema, introspectionFromSchema, isObjectType } from 'graphql';
import { complete } from './documents.js';
import { home, mutations } from './operations.js';
import { MOVES, bare, moved, page, mutations as places } from './places.js';
import { authorization, send, url } from './server.js';

const schema = buildSchema(readFileSync(new URL('../../../../schema.graphql', import.meta.url), 'utf8'));

/** Types without an id are parts of the object that they are selected of. */
const parts = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.getFields().id);

const connect = (warnings, updates) =>
  new Client({
    url,
    fetch: send,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    exchanges: [
      cacheExchange({
        schema: introspectionFromSchema(schema),
        keys: Object.fromEntries(parts.map(({ name }) => [name, () => null])),
        updates,
        logger: (level, text) => level !== 'debug' && warnings.push(text),
      }),
      fetchExchange,
    ],
  });

const asking = async (asked) => {
  const { data, error } = await asked.toPromise();
  if (error) throw error;
  return data;
};

const opened = async (client, query, variables, documents, warnings) => {
  await asking(client.query(query, variables));
  return {
    warnings,
    shown: () => client.readQuery(query, variables)?.data ?? undefined,
    mutate: async (name, input) => (await asking(client.mutation(documents(name), { input })))[name],
  };
};

export const graphcache = (variables) => {
  const warnings = [];
  return opened(connect(warnings), complete(home), variables, (name) => complete(mutations[name]), warnings);
};

/** The page of connections: `updates` places what an answer names. */
export const graphcachePlaces = (variables) => {
  const query = bare(page);
  const place = (move, payload, cache) =>
    cache.updateQuery({ query, variables }, (data) => {
      const connection = { ...data, query: data }[move.of][move.field];
      connection.edges = moved(connection.edges, move, payload, {
        id: ({ node }) => node.id,
        edge: (edge) => edge,
      });
      return data;
    });
  const updates = Object.entries(MOVES).map(([name, move]) => [
    name,
    (result, _, cache) => place(move, result[name], cache),
  ]);
  const warnings = [];
  const client = connect(warnings, { Mutation: Object.fromEntries(updates) });
  return opened(client, query, variables, (name) => bare(places[name]), warnings);
};
