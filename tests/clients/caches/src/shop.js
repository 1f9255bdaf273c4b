// The account that a page shows, and how what it shows is compared.
import { done } from './server.js';

export const key = () => crypto.randomUUID();
export const IT = (recipientCount) => [{ countryCode: 'IT', recipientCount }];

/** An account with credits, three lists of head-counts, and one with stored contacts. */
export const shop = async () => {
  const { account } = await done('createAccount', { name: 'Caches' }, 'account { id currencyCode }');
  const accountId = account.id;
  const list = async (name, destinations) =>
    (await done('createContactList', { accountId, name, destinations }, 'list { id }')).list.id;
  const lists = {
    shared: await list('Shared', IT(10)),
    other: await list('Other', IT(20)),
    limited: await list('Limited', IT(5)),
    stored: await list('Stored', []),
  };
  await done('grantCredits', { accountId, credits: '1000', note: 'A gift', idempotencyKey: key() }, '__typename');
  const contacts = ['+393401234567', '+393401234568', '+393401234569'].map((phoneNumber) => ({ phoneNumber }));
  await done('addContacts', { listId: lists.stored, contacts }, '__typename');
  const price = { amount: '10.00', currencyCode: account.currencyCode };
  const offer = { code: `caches-${key().slice(0, 8)}`, name: 'Caches', credits: '100', price };
  const { package: bought } = await done('createCreditPackage', offer, 'package { id }');
  return { accountId, lists, price, packageId: bought.id };
};

/** The data without the names of types, which clients ask for on their own. */
export const plain = (value) => {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([name]) => !name.startsWith('__'));
  return Object.fromEntries(entries.map(([name, of]) => [name, plain(of)]));
};

/** The paths at which two answers differ, with both values. */
export const differences = (shown, right, path = '') => {
  if (shown === null || right === null || typeof shown !== 'object' || typeof right !== 'object') {
    return Object.is(shown, right) ? [] : [`${path}: ${JSON.stringify(shown)} instead of ${JSON.stringify(right)}`];
  }
  const names = new Set([...Object.keys(shown), ...Object.keys(right)]);
  return [...names].flatMap((name) => differences(shown[name], right[name], `${path}/${name}`));
};
