import type { AnyVariables, OperationResult } from '@urql/core';
import { client } from './client.js';
import type { QuoteQuery } from './generated/graphql.js';
import { BALANCE_CHANGED, DOWNLOAD, HOME, QUOTE, SEND, USAGE } from './operations.js';
import { lastThirtyDays, typed } from './typing.js';

const DRAFT = 'Saldi fino al 40%, solo oggi';

/** The data of a result that has no error. */
function data<Data, Variables extends AnyVariables>(result: OperationResult<Data, Variables>): Data {
  const { data, error } = result;
  if (error) throw error;
  if (!data) throw new Error('an answer without data');
  return data;
}

const { account } = data(await client.query(HOME, {}));
const list = account?.lists.nodes[0];
if (!list) throw new Error('this account has no list');
console.log(`${account.name}: to ${list.name}, ${list.recipientCount} recipients`);

// What the page shows comes from the cache, whoever put it there.
const page = client.query(HOME, {}).subscribe(({ data }) => {
  if (!data) return;
  const latest = data.account?.messages.edges[0]?.node;
  console.log(`  available: ${data.account?.balance.available}, the latest message cost ${latest?.credits}`);
});

/** The server reports the balance at once and after each change: waits for another than this one. */
function balanceChanges(available: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const reports = client.subscription(BALANCE_CHANGED, {}).subscribe(({ data, error }) => {
      if (error) return reject(error);
      if (!data || data.balanceChanged.available === available) return;
      reports.unsubscribe();
      resolve();
    });
  });
}

/** Quotes the text with each word. Only the last quote matters: each one aborts the one before. */
async function quoteWhileTyping(listId: string): Promise<QuoteQuery['quote']> {
  let abort = () => {};
  let last: Promise<QuoteQuery['quote']> | undefined;
  for await (const text of typed(DRAFT)) {
    abort();
    last = new Promise((resolve, reject) => {
      const input = { audience: { listId }, text };
      // A quote is right at its instant.
      const asking = client
        .query(QUOTE, { input }, { requestPolicy: 'network-only' })
        .subscribe(({ data, error }) => {
          if (error) return reject(error);
          if (!data) return;
          console.log(`  "${text}": ${data.quote.credits} credits`);
          resolve(data.quote);
        });
      // The request is aborted once nobody subscribes to it.
      abort = asking.unsubscribe;
    });
  }
  const quote = await last;
  abort();
  if (!quote) throw new Error('nothing was typed');
  return quote;
}

const quote = await quoteWhileTyping(list.id);
if (!quote.sufficient) throw new Error(`${quote.shortfall} credits are missing`);

const changed = balanceChanges(account.balance.available);

// One key for each press of the button, also if the request is repeated.
const idempotencyKey = crypto.randomUUID();
const input = { listId: list.id, text: DRAFT, maxCredits: quote.credits, idempotencyKey };
const { sendMessage } = data(await client.mutation(SEND, { input }));
const { messageEdge, userErrors } = sendMessage;
const message = messageEdge?.node;
if (!message) throw new Error(userErrors[0]?.message);
console.log(`${message.status} for ${message.credits} credits`);

await changed;
page.unsubscribe();

const period = { ...lastThirtyDays(), timeZone: 'UTC' };
const { totals } = data(await client.query(USAGE, { input: period })).usageReport;
console.log(`30 days: ${totals.messageCount} messages, ${totals.credits} credits`);

const asked = client.query(DOWNLOAD, { input: period }, { requestPolicy: 'network-only' });
const { url, fileName } = data(await asked).usageReportDownload;
const file = await fetch(url);
if (!file.ok) throw new Error(`the download failed: ${file.status}`);
const { byteLength } = await file.arrayBuffer();
console.log(`${fileName}: ${byteLength} bytes`);
