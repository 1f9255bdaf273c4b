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
 * Grants an account credits.
 * @param {string} accountId
 * @param {string} [expiresOn] their expiration day; they never expire if it is left out
 * @param {string} [credits] one if it is left out
 */
export async function grant(accountId, expiresOn, credits = '1') {
  const input = {
    accountId,
    credits,
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
 * Creates a contact list and returns its id.
 * @param {string} accountId
 * @param {string} name
 * @param {{ countryCode: string, recipientCount: number }[]} [destinations] its head-counts; it is
 *   empty if they are left out
 * @returns {Promise<string>}
 */
export async function createList(accountId, name, destinations = []) {
  const data = await ask(CREATE_LIST, { input: { accountId, name, destinations } });
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

const SCHEDULE = `mutation Schedule($input: ScheduleMessageInput!) {
  scheduleMessage(input: $input) {
    userErrors {
      message
    }
  }
}`;

/**
 * Schedules a message to a list.
 * @param {string} accountId
 * @param {{ listId: string, name: string, text: string, sendAt: string }} message
 */
export async function schedule(accountId, message) {
  const input = { accountId, ...message, idempotencyKey: randomUUID() };
  const data = await ask(SCHEDULE, { input });
  assert.deepEqual(data.scheduleMessage.userErrors, []);
}

const CREATE_ACCOUNT = `mutation CreateAccount($input: CreateAccountInput!) {
  createAccount(input: $input) {
    account {
      id
    }
    userErrors {
      message
    }
  }
}`;

/**
 * Creates an account that pays in euros, and returns its id.
 * @param {string} name
 * @param {string} [timeZone]
 * @returns {Promise<string>}
 */
export async function createAccount(name, timeZone) {
  const data = await ask(CREATE_ACCOUNT, { input: { name, timeZone, currencyCode: 'EUR' } });
  assert.deepEqual(data.createAccount.userErrors, []);
  return data.createAccount.account.id;
}

const CREATE_KEY = `mutation CreateKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    secret
    userErrors {
      message
    }
  }
}`;

/**
 * A new key of an account for a role.
 * @param {string} accountId
 * @param {'OWNER' | 'MEMBER' | 'VIEWER' | 'SENDER'} role
 * @param {string} [name]
 * @returns {Promise<string>}
 */
export async function createKey(accountId, role, name = 'browser test') {
  const data = await ask(CREATE_KEY, { input: { accountId, role, name } });
  assert.deepEqual(data.createApiKey.userErrors, []);
  return data.createApiKey.secret;
}

/**
 * A new key of the platform.
 * @param {'PLATFORM_ADMIN' | 'ACCOUNT_MANAGER'} role
 * @returns {Promise<string>}
 */
export async function platformKey(role) {
  const data = await ask(CREATE_KEY, { input: { role, name: 'browser test' } });
  assert.deepEqual(data.createApiKey.userErrors, []);
  return data.createApiKey.secret;
}

const ALLOCATE = `mutation Allocate($input: AllocateCreditsInput!) {
  allocateCredits(input: $input) {
    userErrors {
      message
    }
  }
}`;

/**
 * Gives a list a limit of its own.
 * @param {string} accountId
 * @param {string} listId
 * @param {string} assigned
 */
export async function allocate(accountId, listId, assigned) {
  const allocations = [{ listId, mode: 'LIMITED', assigned }];
  const data = await ask(ALLOCATE, { input: { accountId, allocations } });
  assert.deepEqual(data.allocateCredits.userErrors, []);
}

const ASSIGNED = `query Assigned($list: ID!) {
  node(id: $list) {
    ... on ContactList {
      allocation {
        mode
        assigned
      }
    }
  }
}`;

/**
 * A list's own credits; null if it shares the account's.
 * @param {string} list
 * @returns {Promise<string | null>}
 */
export async function assigned(list) {
  return (await ask(ASSIGNED, { list })).node.allocation.assigned;
}

const IMPORT = `mutation Import($input: ImportContactsInput!) {
  importContacts(input: $input) {
    importedCount
    userErrors {
      message
    }
  }
}`;

/**
 * Imports contacts from a CSV file.
 * @param {string} listId
 * @param {string} text
 */
export async function importCsv(listId, text) {
  const form = new FormData();
  form.set(
    'operations',
    JSON.stringify({ query: IMPORT, variables: { input: { listId, file: null } } }),
  );
  form.set('map', JSON.stringify({ 0: ['variables.input.file'] }));
  form.set('0', new Blob([text], { type: 'text/csv' }), 'contacts.csv');
  const response = await fetch(`${SERVER}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'graphql-require-preflight': '1' },
    body: form,
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  assert.deepEqual(data.importContacts.userErrors, []);
}

const MESSAGES = `query Messages($accountId: ID!) {
  account(id: $accountId) {
    balance {
      available
      held
    }
    messages(first: 100) {
      nodes {
        name
        text
        status
        sendAt
        credits
        recipientCount
      }
    }
  }
}`;

/**
 * The balance of an account, and its messages.
 * @param {string} accountId
 * @returns {Promise<{
 *   balance: { available: string, held: string },
 *   messages: {
 *     name: string | null,
 *     text: string,
 *     status: string,
 *     sendAt: string,
 *     credits: string,
 *     recipientCount: number,
 *   }[],
 * }>}
 */
export async function messagesOf(accountId) {
  const { account } = await ask(MESSAGES, { accountId });
  return { balance: account.balance, messages: account.messages.nodes };
}

const IMPORTS = `query Imports($list: ID!) {
  node(id: $list) {
    ... on ContactList {
      contactCount
      imports(first: 1) {
        nodes {
          status
          importedCount
        }
      }
    }
  }
}`;

/**
 * The number of a list's stored contacts, and its latest import.
 * @param {string} list
 * @returns {Promise<{ contactCount: number, latest?: { status: string, importedCount: number } }>}
 */
export async function latestImport(list) {
  const { node } = await ask(IMPORTS, { list });
  return { contactCount: node.contactCount, latest: node.imports.nodes[0] };
}

const ARCHIVE = `mutation Archive($input: ArchiveContactListInput!) {
  archiveContactList(input: $input) {
    userErrors {
      message
    }
  }
}`;

/**
 * Archives a list.
 * @param {string} listId
 */
export async function archive(listId) {
  const data = await ask(ARCHIVE, { input: { listId } });
  assert.deepEqual(data.archiveContactList.userErrors, []);
}

const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) {
    userErrors {
      message
    }
  }
}`;

/**
 * Sends a message with an account's key, to a list or to so many Italians.
 * @param {string} key
 * @param {{ listId?: string, recipientCount?: number, person?: string }} to `person` is whom the key
 *   acts for
 */
export async function sendWith(key, { listId, recipientCount, person }) {
  const destinations = [{ countryCode: 'IT', recipientCount }];
  const audience = listId ? { listId } : { destinations };
  const input = { audience, text: 'Ciao', idempotencyKey: randomUUID() };
  const response = await fetch(`${SERVER}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      ...(person && { 'on-behalf-of': encodeURIComponent(person) }),
    },
    body: JSON.stringify({ query: SEND, variables: { input } }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  assert.deepEqual(data.sendMessage.userErrors, []);
}
