import { client } from './client.js';
import type { QuoteQuery } from './generated/graphql.js';
import { BALANCE_CHANGED, DOWNLOAD, HOME, QUOTE, SEND, USAGE } from './operations.js';
import { lastThirtyDays, typed } from './typing.js';

const DRAFT = 'Saldi fino al 40%, solo oggi';

const { data: home } = await client.query({ query: HOME });
const list = home?.account?.lists.nodes[0];
if (!list) throw new Error('this account has no list');
console.log(`${home.account?.name}: to ${list.name}, ${list.recipientCount} recipients`);

// What the page shows comes from the cache, whoever put it there.
const page = client.watchQuery({ query: HOME }).subscribe(({ data, dataState }) => {
  if (dataState !== 'complete') return;
  const latest = data.account?.messages.edges[0]?.node;
  console.log(`  available: ${data.account?.balance.available}, the latest message cost ${latest?.credits}`);
});

/** The server reports the balance at once and after each change: waits for another than this one. */
function balanceChanges(available: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const reports = client.subscribe({ query: BALANCE_CHANGED }).subscribe({
      next: ({ data, error }) => {
        if (error) return reject(error);
        if (!data || data.balanceChanged.available === available) return;
        reports.unsubscribe();
        resolve();
      },
      error: reject,
    });
  });
}

/** Quotes the text with each word. Only the last quote matters: each one aborts the one before. */
async function quoteWhileTyping(listId: string): Promise<QuoteQuery['quote']> {
  let asking = new AbortController();
  let last: Promise<QuoteQuery['quote'] | undefined> = Promise.resolve(undefined);
  for await (const text of typed(DRAFT)) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    last = client
      .query({
        query: QUOTE,
        variables: { input: { audience: { listId }, text } },
        // A quote is right at its instant.
        fetchPolicy: 'no-cache',
        context: { fetchOptions: { signal } },
      })
      .then(({ data }) => {
        console.log(`  "${text}": ${data?.quote.credits} credits`);
        return data?.quote;
      })
      .catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      });
  }
  const quote = await last;
  if (!quote) throw new Error('the last quote was aborted');
  return quote;
}

const quote = await quoteWhileTyping(list.id);
if (!quote.sufficient) throw new Error(`${quote.shortfall} credits are missing`);

const changed = balanceChanges(home?.account?.balance.available);

// One key for each press of the button, also if the request is repeated.
const idempotencyKey = crypto.randomUUID();
const input = { listId: list.id, text: DRAFT, maxCredits: quote.credits, idempotencyKey };
const { data: sent } = await client.mutate({
  mutation: SEND,
  variables: { input },
  // The message is the first of those that the page shows.
  update: (cache, { data }) => {
    const edge = data?.sendMessage.messageEdge;
    cache.updateQuery({ query: HOME }, (shown) => {
      if (!edge || !shown?.account) return undefined;
      const { messages } = shown.account;
      const edges = [edge, ...messages.edges];
      return { ...shown, account: { ...shown.account, messages: { ...messages, edges } } };
    });
  },
});
const { messageEdge, userErrors } = sent?.sendMessage ?? { userErrors: [] };
const message = messageEdge?.node;
if (!message) throw new Error(userErrors[0]?.message ?? 'no answer');
console.log(`${message.status} for ${message.credits} credits`);

await changed;
page.unsubscribe();

const period = { ...lastThirtyDays(), timeZone: 'UTC' };
const { data: usage } = await client.query({ query: USAGE, variables: { input: period } });
const totals = usage?.usageReport.totals;
console.log(`30 days: ${totals?.messageCount} messages, ${totals?.credits} credits`);

const { data: link } = await client.query({
  query: DOWNLOAD,
  variables: { input: period },
  fetchPolicy: 'no-cache',
});
if (!link) throw new Error('no link');
const file = await fetch(link.usageReportDownload.url);
if (!file.ok) throw new Error(`the download failed: ${file.status}`);
const { byteLength } = await file.arrayBuffer();
console.log(`${link.usageReportDownload.fileName}: ${byteLength} bytes`);
