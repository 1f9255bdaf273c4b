import assert from 'node:assert/strict';
import {
  type AnyVariables,
  Client,
  cacheExchange,
  type DocumentInput,
  fetchExchange,
} from '@urql/core';

/** The server's address, without a slash at its end. */
export const SERVER = required('MESSAGE_CREDITS_URL').replace(/\/$/, '');

export function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    console.error(`tour: set ${name}`);
    process.exit(1);
  }
  return value;
}

/** Asks the server in one account's or the platform's name, with urql as it comes. */
export class Asker {
  readonly #client: Client;

  constructor(apiKey: string) {
    this.#client = new Client({
      url: `${SERVER}/graphql`,
      exchanges: [cacheExchange, fetchExchange],
      fetchOptions: { headers: { Authorization: `Bearer ${apiKey}` } },
      requestPolicy: 'network-only',
    });
  }

  async query<Data, Variables extends AnyVariables>(
    document: DocumentInput<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const { data, error } = await this.#client.query(document, variables).toPromise();
    if (error) throw error;
    assert.ok(data, 'an answer without data');
    return data;
  }

  async mutate<Data, Variables extends AnyVariables>(
    document: DocumentInput<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const { data, error } = await this.#client.mutation(document, variables).toPromise();
    if (error) throw error;
    assert.ok(data, 'an answer without data');
    return data;
  }
}

/** What a mutation's payload holds, once it is sure that nothing was refused. */
export function accepted<Payload extends { userErrors: readonly unknown[] }>(
  payload: Payload,
): Payload {
  assert.deepEqual(payload.userErrors, []);
  return payload;
}

/** A value that the schema allows to be null and that must not be so here. */
export function present<Value>(value: Value | null | undefined, what: string): Value {
  assert.ok(value !== null && value !== undefined, `${what} is missing`);
  return value;
}
