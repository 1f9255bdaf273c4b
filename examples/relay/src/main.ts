import relay, {
  type GraphQLTaggedNode,
  type MutationParameters,
  type OperationType,
} from 'relay-runtime';
import { environment } from './environment.js';
import BALANCE_CHANGED, {
  type operationsBalanceChangedSubscription,
} from './generated/operationsBalanceChangedSubscription.graphql.js';
import DOWNLOAD, { type operationsDownloadQuery } from './generated/operationsDownloadQuery.graphql.js';
import HOME, { type operationsHomeQuery } from './generated/operationsHomeQuery.graphql.js';
import QUOTE, { type operationsQuoteQuery } from './generated/operationsQuoteQuery.graphql.js';
import SEND, { type operationsSendMutation } from './generated/operationsSendMutation.graphql.js';
import USAGE, { type operationsUsageQuery } from './generated/operationsUsageQuery.graphql.js';
import { lastThirtyDays, typed } from './typing.js';

const { ConnectionHandler, commitMutation, createOperationDescriptor, fetchQuery, getRequest, requestSubscription } = relay;

const DRAFT = 'Saldi fino al 40%, solo oggi';

type Quote = operationsQuoteQuery['response']['quote'];

async function query<Operation extends OperationType>(
  document: GraphQLTaggedNode,
  variables: Operation['variables'],
): Promise<Operation['response']> {
  const data = await fetchQuery<Operation>(environment, document, variables).toPromise();
  if (!data) throw new Error('an answer without data');
  return data;
}

function mutate<Operation extends MutationParameters>(
  mutation: GraphQLTaggedNode,
  variables: Operation['variables'],
): Promise<Operation['response']> {
  return new Promise((resolve, reject) => {
    commitMutation<Operation>(environment, {
      mutation,
      variables,
      onCompleted: (data, errors) => (errors ? reject(errors[0]) : resolve(data)),
      onError: reject,
    });
  });
}

const { account } = await query<operationsHomeQuery>(HOME, {});
const list = account?.lists.nodes[0];
if (!list) throw new Error('this account has no list');
console.log(`${account.name}: to ${list.name}, ${list.recipientCount} recipients`);

// What the page shows comes from the store, whoever put it there. A component would use
// `useLazyLoadQuery`.
const shown = createOperationDescriptor(getRequest(HOME), {});
const kept = environment.retain(shown);
const show = ({ data }: { data: unknown }) => {
  const { account } = data as operationsHomeQuery['response'];
  const latest = account?.messages.edges[0]?.node;
  console.log(`  available: ${account?.balance.available}, the latest message cost ${latest?.credits}`);
};
const first = environment.lookup(shown.fragment);
show(first);
const page = environment.subscribe(first, show);

/** The server reports the balance at once and after each change: waits for another than this one. */
function balanceChanges(available: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const reports = requestSubscription<operationsBalanceChangedSubscription>(environment, {
      subscription: BALANCE_CHANGED,
      variables: {},
      onNext: (data) => {
        if (!data || data.balanceChanged.available === available) return;
        reports.dispose();
        resolve();
      },
      onError: reject,
    });
  });
}

/** Quotes the text with each word. Only the last quote matters: each one aborts the one before. */
async function quoteWhileTyping(listId: string): Promise<Quote> {
  let abort = () => {};
  let last: Promise<Quote> | undefined;
  for await (const text of typed(DRAFT)) {
    abort();
    last = new Promise((resolve, reject) => {
      const input = { audience: { listId }, text };
      // A quote is right at its instant: nothing retains it, so it doesn't stay in the store.
      const asking = fetchQuery<operationsQuoteQuery>(environment, QUOTE, { input }).subscribe({
        next: ({ quote }) => {
          console.log(`  "${text}": ${quote.credits} credits`);
          resolve(quote);
        },
        error: reject,
      });
      abort = () => asking.unsubscribe();
    });
  }
  const quote = await last;
  if (!quote) throw new Error('nothing was typed');
  return quote;
}

const quote = await quoteWhileTyping(list.id);
if (!quote.sufficient) throw new Error(`${quote.shortfall} credits are missing`);

const changed = balanceChanges(account.balance.available);

// One key for each press of the button, also if the request is repeated.
const idempotencyKey = crypto.randomUUID();
const input = { listId: list.id, text: DRAFT, maxCredits: quote.credits, idempotencyKey };
const connections = [ConnectionHandler.getConnectionID(account.id, 'operations_messages')];
const { sendMessage } = await mutate<operationsSendMutation>(SEND, { input, connections });
const { messageEdge, userErrors } = sendMessage;
const message = messageEdge?.node;
if (!message) throw new Error(userErrors[0]?.message);
console.log(`${message.status} for ${message.credits} credits`);

await changed;
page.dispose();
kept.dispose();

const period = { ...lastThirtyDays(), timeZone: 'UTC' };
const { usageReport } = await query<operationsUsageQuery>(USAGE, { input: period });
const { messageCount, credits } = usageReport.totals;
console.log(`30 days: ${messageCount} messages, ${credits} credits`);

const { usageReportDownload } = await query<operationsDownloadQuery>(DOWNLOAD, { input: period });
const file = await fetch(usageReportDownload.url);
if (!file.ok) throw new Error(`the download failed: ${file.status}`);
const { byteLength } = await file.arrayBuffer();
console.log(`${usageReportDownload.fileName}: ${byteLength} bytes`);
