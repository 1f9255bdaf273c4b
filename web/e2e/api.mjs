// @ts-check
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { KEY, SERVER } from './browser.mjs';

/**
 * Queries the server without the page; returns the response's data.
 * @param {string} query
 * @param {Record<string, unknown>} variables
 */
async function ask(query, variables) {
  const response = await fetch(`${SERVER}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

const GRANT = `mutation Grant($input: GrantCreditsInput!) {
  grantCredits(input: $input) {
    userErrors {
      message
    }
  }
}`;

/**
 * Grants an account one credit.
 * @param {string} accountId
 * @param {string} [expiresOn] its expiration day; the credit never expires if it is left out
 */
export async function grant(accountId, expiresOn) {
  const input = {
    accountId,
    credits: '1',
    expiresOn,
    note: 'browser test',
    idempotencyKey: randomUUID(),
  };
  const data = await ask(GRANT, { input });
  assert.deepEqual(data.grantCredits.userErrors, []);
}

const CREATE_LIST = `mutation CreateList($input: CreateContactListInput!) {
  createContactList(input: $input) {
    list {
      id
    }
    userErrors {
      message
    }
  }
}`;

/**
 * Creates an empty contact list and returns its id.
 * @param {string} accountId
 * @param {string} name
 * @returns {Promise<string>}
 */
export async function createList(accountId, name) {
  const data = await ask(CREATE_LIST, { input: { accountId, name } });
  assert.deepEqual(data.createContactList.userErrors, []);
  return data.createContactList.list.id;
}

const CONTACTS = `query Contacts($list: ID!) {
  node(id: $list) {
    ... on ContactList {
      contacts(first: 100) {
        nodes {
          phoneNumber
          fields {
            name
            value
          }
        }
      }
    }
  }
}`;

/**
 * The contacts of a list, each with its fields by name, in the order of their numbers.
 * @param {string} list
 */
export async function contacts(list) {
  const data = await ask(CONTACTS, { list });
  /** @type {{ phoneNumber: string, fields: { name: string, value: string }[] }[]} */
  const nodes = data.node.contacts.nodes;
  return nodes
    .map(({ phoneNumber, fields }) => ({
      phoneNumber,
      ...Object.fromEntries(fields.map(({ name, value }) => [name, value])),
    }))
    .sort((one, other) => one.phoneNumber.localeCompare(other.phoneNumber));
}
