import assert from 'node:assert/strict';
import { Asker, required } from './client.js';
import { closeShop, openShop } from './shop.js';
import * as steps from './steps.js';

/**
 * The tour: quote, purchase, balance, allocate, schedule, send, report, workbook. Each step asserts its answer; the
 * first that is wrong ends the tour with exit code 1 and one line that says which and why.
 */
async function tour(): Promise<void> {
  const admin = new Asker(required('ADMIN_KEY'));
  const shop = await step('open a shop', () => openShop(admin));
  const owner = new Asker(shop.ownerKey);

  await step('see the viewer', () => steps.seeViewer(owner, shop));
  await step('quote', () => steps.quote(owner, shop));
  const boughtAt = await step('purchase', () => steps.purchase(owner, shop));
  await step('balance', () => steps.balance(owner, shop));
  await step('allocate', () => steps.allocate(owner, shop));
  await step('schedule', () => steps.schedule(owner, shop, boughtAt));
  const sentAt = await step('send', () => steps.send(owner, shop));
  const link = await step('usage report', () => steps.report(owner, shop, sentAt));
  await step('download', () => steps.download(link));
  const stranger = process.env.OWNER_KEY;
  if (stranger) await step('hide from others', () => steps.hide(new Asker(stranger), shop));
  await step('close the shop', () => closeShop(admin, shop));
}

async function step<Answer>(name: string, work: () => Promise<Answer>): Promise<Answer> {
  try {
    const answer = await work();
    console.log(`tour: ${name}: ok`);
    return answer;
  } catch (error) {
    console.error(`tour: ${name}: FAILED: ${reason(error)}`);
    process.exit(1);
  }
}

/** One line, whatever was thrown. */
function reason(error: unknown): string {
  if (!(error instanceof assert.AssertionError)) return String(error).replaceAll(/\s+/g, ' ');
  if (!error.generatedMessage) return error.message;
  const { actual, expected } = error;
  const wanted = expected instanceof RegExp ? String(expected) : JSON.stringify(expected);
  return `got ${JSON.stringify(actual)}, expected ${wanted}`;
}

await tour();
