import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Asker, accepted, present } from './client.js';
import type { MediaInput } from './generated/graphql.js';
import {
  ACCOUNT,
  ALLOCATE,
  PURCHASE,
  QUOTE,
  SCHEDULE,
  SEND,
  USAGE,
  VIEWER,
} from './operations.js';
import { REACHED, type Shop, UNREACHED } from './shop.js';

const ONE_SEGMENT = 'Our Sunday sale starts now: 20% off everything.';
/** 170 GSM-7 characters are two segments. */
const TWO_SEGMENTS = 'x'.repeat(170);
const DAY_MS = 86_400_000;

export async function seeViewer(owner: Asker, shop: Shop): Promise<void> {
  const { viewer } = await owner.query(VIEWER, {});
  assert.equal(viewer.role, 'OWNER');
  assert.deepEqual(
    viewer.accounts.nodes.map((account) => account.id),
    [shop.accountId],
  );
}

/** One segment, two, and an image, against an empty balance. */
export async function quote(owner: Asker, shop: Shop): Promise<void> {
  const cases: [text: string, media: MediaInput[], credits: string, cost: string][] = [
    // 1,653 x 0.045 is 74.385: half to even.
    [ONE_SEGMENT, [], '1653', '74.38'],
    [TWO_SEGMENTS, [], '3306', '148.77'],
    // 4,959 x 0.045 is 223.155.
    [ONE_SEGMENT, [{ contentType: 'image/jpeg' }], '4959', '223.16'],
  ];
  for (const [text, media, credits, cost] of cases) {
    const answer = await owner.query(QUOTE, {
      input: { audience: { listId: shop.listId }, text, media },
    });
    assert.equal(answer.quote.recipientCount, REACHED);
    assert.equal(answer.quote.unsupportedRecipientCount, UNREACHED);
    assert.equal(answer.quote.credits, credits);
    assert.deepEqual(pick(answer.quote.cost), { amount: cost, currencyCode: 'EUR' });
    assert.equal(answer.quote.available, '0');
    assert.equal(answer.quote.sufficient, false);
    assert.equal(answer.quote.shortfall, credits);
    assert.ok(answer.quote.suggestedPackage, 'no package is suggested');
  }
}

/** Buys the package and approves the charge on the payment page; answers when it was started. */
export async function purchase(owner: Asker, shop: Shop): Promise<string> {
  const input = { packageId: shop.packageId, idempotencyKey: randomUUID() };
  const first = await owner.mutate(PURCHASE, { input });
  const started = present(accepted(first.purchaseCredits).purchase, 'the purchase');
  assert.equal(started.status, 'PENDING');
  assert.equal(started.credits, '10000');

  const again = await owner.mutate(PURCHASE, { input });
  assert.equal(accepted(again.purchaseCredits).purchase?.id, started.id);

  await approve(present(started.confirmationUrl, 'confirmationUrl'));
  const paid = await paidPurchase(owner, shop);
  assert.equal(paid.id, started.id);
  assert.ok(!paid.confirmationUrl, 'a decided purchase still has a confirmationUrl');
  return started.createdAt;
}

async function approve(confirmationUrl: string): Promise<void> {
  const response = await fetch(confirmationUrl, {
    method: 'POST',
    body: new URLSearchParams({ decision: 'approve' }),
    redirect: 'manual',
  });
  assert.ok(response.status < 400, `approving answers ${response.status}`);
}

/** The provider tells the server by a webhook, which may come a moment after the page has answered. */
async function paidPurchase(owner: Asker, shop: Shop) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { account } = await owner.query(ACCOUNT, { id: shop.accountId });
    const latest = present(account?.purchases.nodes[0], 'the purchase in the account');
    if (latest.status !== 'PENDING') {
      assert.equal(latest.status, 'PAID');
      return latest;
    }
    await pause(100);
  }
  return assert.fail('the purchase is still pending after 10 seconds');
}

export async function balance(owner: Asker, shop: Shop): Promise<void> {
  const answer = await owner.query(ACCOUNT, { id: shop.accountId });
  const account = present(answer.account, 'the account');
  const { nextExpiry, value, ...figures } = account.balance;
  assert.deepEqual(pick(figures), {
    total: '10000',
    held: '0',
    available: '10000',
    assigned: '0',
    unassigned: '10000',
  });
  assert.deepEqual(pick(value), { amount: '450.00', currencyCode: 'EUR' });
  assert.equal(nextExpiry?.credits, '10000');
  assert.equal(account.lots.nodes.length, 1);
  const lot = present(account.lots.nodes[0], 'the lot');
  assert.equal(lot.source, 'PURCHASE');
  assert.equal(lot.remaining, '10000');
  assert.equal(lot.state, 'ACTIVE');
  assert.equal(lot.expiresOn, nextExpiry?.expiresOn);
}

/** Sets a limit, and sees that one beyond the balance is refused and changes nothing. */
export async function allocate(owner: Asker, shop: Shop): Promise<void> {
  const ask = (assigned: string) =>
    owner.mutate(ALLOCATE, {
      input: { allocations: [{ listId: shop.listId, mode: 'LIMITED', assigned }] },
    });

  const set = accepted((await ask('5000')).allocateCredits);
  assert.deepEqual(pick(present(set.lists?.[0], 'the list').allocation), {
    mode: 'LIMITED',
    assigned: '5000',
    available: '5000',
    held: '0',
  });
  assert.deepEqual(pick(present(set.balance, 'the balance')), {
    available: '10000',
    assigned: '5000',
    unassigned: '5000',
  });

  const refused = (await ask('10000.0001')).allocateCredits;
  assert.equal(refused.userErrors[0]?.code, 'INSUFFICIENT_CREDITS');
  const { account } = await owner.query(ACCOUNT, { id: shop.accountId });
  assert.equal(account?.balance.assigned, '5000');
}

/** Holds a message's credits, a day after the given instant: the server's clock need not be ours. */
export async function schedule(owner: Asker, shop: Shop, now: string): Promise<void> {
  const answer = await owner.mutate(SCHEDULE, {
    input: {
      listId: shop.listId,
      text: ONE_SEGMENT,
      sendAt: new Date(Date.parse(now) + DAY_MS).toISOString(),
      idempotencyKey: randomUUID(),
    },
  });
  const { message, balance: after } = accepted(answer.scheduleMessage);
  assert.equal(message?.status, 'SCHEDULED');
  assert.equal(message?.credits, '1653');
  assert.deepEqual(pick(present(after, 'the balance')), {
    total: '10000',
    held: '1653',
    available: '8347',
    assigned: '3347',
  });
}

/** Sends, and sends again with the same key, which charges nothing; answers when it was sent. */
export async function send(owner: Asker, shop: Shop): Promise<string> {
  const input = {
    listId: shop.listId,
    name: 'Sunday sale',
    text: TWO_SEGMENTS,
    maxCredits: '3306',
    idempotencyKey: randomUUID(),
  };
  const first = accepted((await owner.mutate(SEND, { input })).sendMessage);
  const message = present(first.message, 'the message');
  assert.equal(message.status, 'SENT');
  assert.equal(message.credits, '3306');
  assert.equal(message.segmentCount, 2);
  assert.equal(message.recipientCount, REACHED);
  const after = { total: '6694', held: '1653', available: '5041' };
  assert.deepEqual(pick(present(first.balance, 'the balance')), after);

  const again = accepted((await owner.mutate(SEND, { input })).sendMessage);
  assert.equal(again.message?.id, message.id);
  const { account } = await owner.query(ACCOUNT, { id: shop.accountId });
  assert.equal(account?.balance.total, after.total);

  const reused = await owner.mutate(SEND, { input: { ...input, text: ONE_SEGMENT } });
  assert.equal(reused.sendMessage.userErrors[0]?.code, 'IDEMPOTENCY_KEY_REUSED');
  return present(message.sentAt, 'sentAt');
}

/** The day's usage: totals, lists, buckets and countries all say what was sent; answers the workbook's link. */
export async function report(owner: Asker, shop: Shop, sentAt: string): Promise<string> {
  const day = `${sentAt.slice(0, 10)}T00:00:00Z`;
  const { usageReport, usageReportDownload } = await owner.query(USAGE, {
    input: {
      from: day,
      to: new Date(Date.parse(day) + DAY_MS).toISOString(),
      interval: 'DAY',
      timeZone: 'UTC',
    },
  });
  const { cost, ...totals } = usageReport.totals;
  assert.deepEqual(pick(totals), {
    messageCount: 1,
    recipientCount: REACHED,
    segmentCount: REACHED * 2,
    credits: '3306',
  });
  assert.deepEqual(pick(cost), { amount: '148.77', currencyCode: 'EUR' });
  assert.deepEqual(
    usageReport.buckets.map((bucket) => bucket.usage.credits),
    ['3306'],
  );
  assert.deepEqual(
    usageReport.lists.map(({ list, usage }) => [list?.id, usage.credits]),
    [[shop.listId, '3306']],
  );
  assert.deepEqual(
    usageReport.countries.map(({ countryCode, usage }) => [countryCode, usage.credits]),
    [['IT', '3306']],
  );
  assert.match(usageReportDownload.fileName, /\.xlsx$/);
  return usageReportDownload.url;
}

/** Fetches the workbook by its link alone, without a key. */
export async function download(url: string): Promise<void> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.equal(
    response.headers.get('content-type')?.split(';')[0],
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  );
  assert.match(response.headers.get('content-disposition') ?? '', /^attachment/);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(bytes.subarray(0, 4).toString('latin1'), 'PK\x03\x04');
}

/** To another account's owner the shop does not exist. */
export async function hide(stranger: Asker, shop: Shop): Promise<void> {
  const { account } = await stranger.query(ACCOUNT, { id: shop.accountId });
  assert.equal(account, null);
}

/** The fields alone: urql adds `__typename` to every object. */
function pick<Value extends object>(value: Value): Omit<Value, '__typename'> {
  const { __typename: _, ...rest } = value as Value & { __typename?: string };
  return rest;
}
