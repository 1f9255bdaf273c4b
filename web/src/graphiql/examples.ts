import segmentation from './examples/01_segmentation.graphql?raw';
import quote from './examples/02_quote.graphql?raw';
import balanceAndLots from './examples/03_balance_and_lots.graphql?raw';
import packagesAndCapacity from './examples/04_packages_and_capacity.graphql?raw';
import allocateCredits from './examples/05_allocate_credits.graphql?raw';
import sendMessage from './examples/06_send_a_message.graphql?raw';
import usageReport from './examples/07_usage_report.graphql?raw';
import balanceSubscription from './examples/08_balance_subscription.graphql?raw';

/** The ids of an account and a list that the current key may use, if there are any. */
export interface Subject {
  accountId?: string;
  listId?: string;
  /** Sends the example message once, however often it is run. */
  idempotencyKey: string;
  /** The first day of this month and of the next, in the account's time zone, as instants. */
  month: { from: string; to: string };
}

export interface Example {
  query: string;
  variables: Record<string, unknown>;
}

/** One tab each, in the order that suits a newcomer. */
export function examples(subject: Subject): Example[] {
  const { accountId, listId, idempotencyKey, month } = subject;
  const destinations = [
    { countryCode: 'IT', recipientCount: 1200 },
    { countryCode: 'DE', recipientCount: 453 },
  ];
  const text = 'Hi {{firstName|friend}}, 20% off until Sunday. Show this message in the shop.';
  return [
    {
      query: segmentation,
      variables: { input: { text: 'Last day: 20% off everything… only €9', smartEncoding: false } },
    },
    { query: quote, variables: { input: { accountId, audience: { destinations }, text } } },
    { query: balanceAndLots, variables: { accountId } },
    { query: packagesAndCapacity, variables: { accountId, countryCodes: ['IT', 'DE', 'GB'] } },
    // Without a list there is nothing to set a limit of.
    ...(listId
      ? [
          {
            query: allocateCredits,
            variables: {
              input: { accountId, allocations: [{ listId, mode: 'LIMITED', assigned: '500' }] },
            },
          },
        ]
      : []),
    {
      query: sendMessage,
      variables: {
        input: {
          accountId,
          audience: { destinations: [{ countryCode: 'IT', recipientCount: 10 }] },
          name: 'Sunday sale',
          text,
          idempotencyKey,
        },
      },
    },
    { query: usageReport, variables: { input: { accountId, ...month, interval: 'WEEK' } } },
    { query: balanceSubscription, variables: { accountId } },
  ];
}
