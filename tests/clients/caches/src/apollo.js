// Apollo Client as it comes: InMemoryCache recognises every object with an id by itself.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { complete } from './documents.js';
import { home, mutations } from './operations.js';
import { authorization, send, url } from './server.js';

export const apollo = async (variables) => {
  const client = new ApolloClient({
    link: new HttpLink({ uri: url, headers: { authorization }, fetch: send }),
    cache: new InMemoryCache(),
  });
  const query = gql(complete(home));
  await client.query({ query, variables });
  return {
    /** What the page shows, without a request; undefined if the cache lacks a part of it. */
    shown: () => client.readQuery({ query, variables }) ?? undefined,
    mutate: async (name, input) => {
      const mutation = gql(complete(mutations[name]));
      return (await client.mutate({ mutation, variables: { input } })).data[name];
    },
  };
};
