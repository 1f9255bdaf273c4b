// @ts-check
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { SERVER } from './browser.mjs';

/**
 * Opens the page with a key, as it is after signing in.
 * @param {Awaited<ReturnType<typeof import('./browser.mjs').openBrowser>>} browser
 * @param {string} key
 */
export async function openWith(browser, key) {
  const page = await browser.newPage();
  await page.goto(`${SERVER}/`);
  await page.evaluate((it) => sessionStorage.setItem('message-credits-api-key', it), key);
  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/**
 * Asserts that axe finds no violation on the page, that it is no wider than the screen, that
 * nothing in its header is cut off or broken into lines, and that fields follow the direction of
 * what is written in them.
 * @param {import('playwright-core').Page} page
 */
export async function check(page) {
  await page.evaluate(axe.source);
  await settle(page);
  // @ts-expect-error: the script above defines it.
  const { violations } = await page.evaluate(() => window.axe.run());
  const faults = violations.map(
    (/** @type {axe.Result} */ one) =>
      `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
  );
  assert.deepEqual(faults, []);
  const [wide, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ]);
  assert.ok(wide <= screen, `${wide} px wide on ${screen}`);
  assert.deepEqual(await page.evaluate(cutOff), []);
  // On the element around a field, it says nothing about the text in the field.
  assert.equal(await page.locator('[dir=auto] :is(input, textarea)').count(), 0);
}

/** The texts in the header that are cut off by the screen's edge, or by a line's end. */
function cutOff() {
  const texts = [...document.querySelectorAll('header button, header a, header p, header select')];
  return texts
    .filter((one) => {
      const { left, right, width, height } = one.getBoundingClientRect();
      const isCut = left < 0 || right > innerWidth || one.scrollWidth > one.clientWidth + 1;
      return width > 0 && (isCut || height > 40);
    })
    .map((one) => one.textContent);
}

/**
 * Waits for animations: a dialog that is still fading in has too little contrast, and a frame that
 * is still moving is too wide. A cancelled animation counts as finished, and those that never end,
 * of what is loading, aren't waited for.
 * @param {import('playwright-core').Page} page
 */
async function settle(page) {
  await page.evaluate(async () => {
    const ending = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    await Promise.allSettled(ending.map((one) => one.finished));
  });
}

/**
 * Keeps a picture of the page, if the folder `SCREENSHOTS` is named.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
export async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/**
 * The texts of elements, of which there is at least one, once they stay the same: while a table is
 * drawn anew, those of its old rows and none at all can be read, too.
 * @param {import('playwright-core').Locator} elements
 * @returns {Promise<string[]>}
 */
export async function textsOf(elements) {
  await elements.first().waitFor();
  return settled(() => elements.evaluateAll((all) => all.map((one) => one.textContent ?? '')));
}

/**
 * The texts of the cells of rows, without their headings, once they stay the same.
 * @param {import('playwright-core').Locator} rows
 * @returns {Promise<string[][]>}
 */
export async function cellTexts(rows) {
  await rows.first().waitFor();
  return settled(() =>
    rows.evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
    ),
  );
}

/**
 * What is read twice in a row.
 * @template T
 * @param {() => Promise<T[]>} read
 */
async function settled(read) {
  let before = await read();
  for (let turn = 0; turn < 100; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = await read();
    if (now.length > 0 && JSON.stringify(now) === JSON.stringify(before)) return now;
    before = now;
  }
  throw new assert.AssertionError({ message: `changes all the time: ${JSON.stringify(before)}` });
}
