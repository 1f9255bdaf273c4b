// urql with its normalised cache, which knows the schema.
import { readFileSync } from 'node:fs';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { buildSchema, introspectionFromSchema, isObjectType } from 'graphql';
import { complete } from './documents.js';
import { home, mutations } from './operations.js';
import { authorization, send, url } from './server.js';

const schema = buildSchema(readFileSync(new URL('../../../../schema.graphql', import.meta.url), 'utf8'));

/** Types without an id are parts of the object that they are selected of. */
const parts = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.getFields().id);

export const graphcache = async (variables) => {
  const warnings = [];
  const client = new Client({
    url,
    fetch: send,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    exchanges: [
      cacheExchange({
        schema: introspectionFromSchema(schema),
        keys: Object.fromEntries(parts.map(({ name }) => [name, () => null])),
        logger: (level, text) => level !== 'debug' && warnings.push(text),
      }),
      fetchExchange,
    ],
  });
  const query = complete(home);
  const { error } = await client.query(query, variables).toPromise();
  if (error) throw error;
  return {
    warnings,
    shown: () => client.readQuery(query, variables, { requestPolicy: 'cache-only' })?.data ?? undefined,
    mutate: async (name, input) => {
      const { data, error } = await client.mutation(complete(mutations[name]), { input }).toPromise();
      if (error) throw error;
      return data[name];
    },
  };
};
