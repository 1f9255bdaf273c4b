// Apollo Client as it comes: InMemoryCache recognises every object with an id by itself.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { complete } from './documents.js';
import { home, mutations } from './operations.js';
import { MOVES, bare, moved, page, mutations as places } from './places.js';
import { authorization, send, url } from './server.js';

const connect = () =>
  new ApolloClient({
    link: new HttpLink({ uri: url, headers: { authorization }, fetch: send }),
    cache: new InMemoryCache(),
  });

export const apollo = async (variables) => {
  const client = connect();
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

/** The page of connections: `update` places what an answer names. */
export const apolloPlaces = async (variables) => {
  const client = connect();
  const query = gql(bare(page));
  await client.query({ query, variables });

  const place = (cache, move, payload) => {
    const owners = {
      account: cache.identify({ __typename: 'Account', id: variables.accountId }),
      list: cache.identify({ __typename: 'ContactList', id: variables.listId }),
      query: 'ROOT_QUERY',
    };
    cache.modify({
      id: owners[move.of],
      fields: {
        [move.field]: (shown, { readField, toReference }) => ({
          ...shown,
          edges: moved(shown.edges, move, payload, {
            id: ({ node }) => readField('id', node),
            edge: ({ __typename, node }) => ({ __typename, node: toReference(node) }),
          }),
        }),
      },
    });
  };

  return {
    shown: () => client.readQuery({ query, variables }) ?? undefined,
    mutate: async (name, input) => {
      const update = (cache, { data }) => place(cache, MOVES[name], data[name]);
      const mutation = gql(bare(places[name]));
      return (await client.mutate({ mutation, variables: { input }, update })).data[name];
    },
  };
};
