// @ts-check
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { KEY, SERVER } from './browser.mjs';

const GRANT = `mutation Grant($input: GrantCreditsInput!) {
  grantCredits(input: $input) {
    userErrors {
      message
    }
  }
}`;

/**
 * Gives an account one credit behind the page's back.
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
  const response = await fetch(`${SERVER}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ query: GRANT, variables: { input } }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  assert.deepEqual(data.grantCredits.userErrors, []);
}
