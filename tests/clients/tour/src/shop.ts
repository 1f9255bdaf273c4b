import { randomUUID } from 'node:crypto';
import { type Asker, accepted, present } from './client.js';
import {
  ARCHIVE_PACKAGE,
  CREATE_ACCOUNT,
  CREATE_API_KEY,
  CREATE_LIST,
  CREATE_PACKAGE,
  PUBLISH_RATE_CARD,
} from './operations.js';

/** Everything that the tour needs and that no other tour touches, so that it runs on any server, and again. */
export interface Shop {
  accountId: string;
  ownerKey: string;
  listId: string;
  packageId: string;
}

/** Recipients of the shop's list in Italy, which its rate card serves, and in Japan, which it does not. */
export const REACHED = 1_653;
export const UNREACHED = 12;

/** Opens a shop of its own: a rate card of 1 credit an SMS and 3 an MMS to Italy, an owner, a list, a package. */
export async function openShop(admin: Asker): Promise<Shop> {
  const run = randomUUID().slice(0, 8);
  const card = await admin.mutate(PUBLISH_RATE_CARD, {
    input: {
      code: `tour-${run}`,
      creditValue: { amount: '0.045', currencyCode: 'EUR' },
      rates: [{ countryCode: 'IT', sms: '1', mms: '3' }],
    },
  });
  const rateCardId = present(accepted(card.publishRateCard).rateCard, 'the rate card').id;

  const created = await admin.mutate(CREATE_ACCOUNT, {
    input: { name: `Tour ${run}`, timeZone: 'Europe/Rome', currencyCode: 'EUR', rateCardId },
  });
  const accountId = present(accepted(created.createAccount).account, 'the account').id;

  const key = await admin.mutate(CREATE_API_KEY, {
    input: { accountId, role: 'OWNER', name: 'tour' },
  });
  const ownerKey = present(accepted(key.createApiKey).secret, 'the secret');

  const list = await admin.mutate(CREATE_LIST, {
    input: {
      accountId,
      name: 'Newsletter',
      destinations: [
        { countryCode: 'IT', recipientCount: REACHED },
        { countryCode: 'JP', recipientCount: UNREACHED },
      ],
    },
  });
  const listId = present(accepted(list.createContactList).list, 'the list').id;

  const offer = await admin.mutate(CREATE_PACKAGE, {
    input: {
      code: `tour-${run}`,
      name: `Tour ${run}`,
      credits: '10000',
      price: { amount: '450.00', currencyCode: 'EUR' },
      validityDays: 365,
    },
  });
  const packageId = present(accepted(offer.createCreditPackage).package, 'the package').id;
  return { accountId, ownerKey, listId, packageId };
}

/** Takes the shop's package off sale again. The account stays: its ledger is for good. */
export async function closeShop(admin: Asker, shop: Shop): Promise<void> {
  const answer = await admin.mutate(ARCHIVE_PACKAGE, { input: { packageId: shop.packageId } });
  accepted(answer.archiveCreditPackage);
}
