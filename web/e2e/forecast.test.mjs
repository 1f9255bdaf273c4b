// @ts-check
// The forecast of an account's credits, as its owner reads it, and the portfolio that shows it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { createAccount, createKey, grant } from './api.mjs';
import { KEY, openBrowser, SERVER } from './browser.mjs';
import { cellTexts, check, openWith, picture, textsOf } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let english;
/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let italian;
/** What this run creates has names of its own. */
const RUN = Date.now();

before(async () => {
  [english, italian] = await Promise.all([openBrowser(), openBrowser('it-IT')]);
});

after(() => Promise.all([english.close(), italian.close()]));

afterEach(() => {
  assert.deepEqual([...english.offences.splice(0), ...italian.offences.splice(0)], []);
});

/**
 * The number of a text that groups digits by points or commas.
 * @param {string} text
 * @param {'en' | 'it'} language
 */
function number(text, language) {
  const [group, point] = language === 'en' ? [',', '.'] : ['.', ','];
  return Number(text.replaceAll(group, '').replace(point, '.'));
}

/**
 * Scrolls until the drawings are there. They are made once they are on the screen, and whatever
 * loads above them meanwhile moves them off it again.
 * @param {import('playwright-core').Locator} panel
 */
async function scrollToDrawings(panel) {
  const drawing = panel.getByRole('slider').first();
  const end = Date.now() + 15_000;
  while (!(await drawing.isVisible()) && Date.now() < end) {
    await panel.evaluate((element) => element.scrollIntoView({ block: 'start' }));
    await panel.page().waitForTimeout(100);
  }
  await drawing.waitFor();
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`an owner sees how long credits last and what expires, in ${language}`, async () => {
    const page = await openWith(language === 'en' ? english : italian, KEY);
    await page
      .getByRole('link', { name: 'Bottega Lume' })
      .or(page.getByText('Bottega Lume'))
      .first()
      .click();
    const title = language === 'en' ? 'Forecast' : 'Previsione';
    const panel = page.getByRole('region', { name: title });
    const pace = language === 'en' ? 'At the pace of the last 30 days' : 'Al ritmo degli ultimi 30';
    await panel.getByText(pace).waitFor();
    await scrollToDrawings(panel);
    for (const cells of await cellTexts(panel.locator('tbody tr'))) {
      const [credits = 0, used = 0, lost = 0] = cells.map((cell) => number(cell, language));
      assert.ok(Math.abs(credits - used - lost) < 1e-6, cells.join(' '));
    }
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await panel.getByRole('slider').first().scrollIntoViewIfNeeded();
      await check(page);
      await picture(page, `forecast-${language}-${width}`);
    }
    await page.close();
  });

  test(`the forecast is drawn, and its places are read by pointing and keys, in ${language}`, async () => {
    const page = await openWith(language === 'en' ? english : italian, KEY);
    await page
      .getByRole('link', { name: 'Bottega Lume' })
      .or(page.getByText('Bottega Lume'))
      .first()
      .click();
    const names = {
      en: ['Forecast', 'Credits from today on', 'What becomes of today’s credits'],
      it: ['Previsione', 'I crediti da oggi in poi', 'Che cosa succede ai crediti di oggi'],
    };
    const [title = '', runway = '', waterfall = ''] = names[language];
    const panel = page.getByRole('region', { name: title });
    await scrollToDrawings(panel);
    const line = panel.getByRole('slider', { name: runway });
    await line.focus();
    const now = await line.getAttribute('aria-valuetext');
    await page.keyboard.press('End');
    const end = await line.getAttribute('aria-valuetext');
    assert.notEqual(end, now);
    // What a screen reader hears is what stands below for everybody.
    await panel.getByText(end ?? '', { exact: true }).waitFor();
    await page.keyboard.press('ArrowRight');
    assert.equal(await line.getAttribute('aria-valuetext'), end);
    await page.keyboard.press('Home');
    assert.equal(await line.getAttribute('aria-valuetext'), now);

    const steps = panel.getByRole('slider', { name: waterfall });
    await steps.scrollIntoViewIfNeeded();
    const { x, y, width } = (await steps.boundingBox()) ?? { x: 0, y: 0, width: 0 };
    await page.mouse.move(x + width - 30, y + 60);
    const last = await steps.getAttribute('aria-valuetext');
    await steps.focus();
    await page.keyboard.press('End');
    assert.equal(await steps.getAttribute('aria-valuetext'), last);

    for (const scheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const wide of [1400, 390]) {
        await page.setViewportSize({ width: wide, height: 900 });
        await check(page);
        if (scheme === 'dark') await picture(page, `drawings-dark-${language}-${wide}`);
      }
    }
    await page.close();
  });
}

test('the steps of the drawing are those of the table', async () => {
  const account = await createAccount(`Steps ${RUN}`);
  await grant(account, inDays(20), '40.5');
  await grant(account, inDays(50), '9.5');
  await grant(account, undefined, '100');
  const page = await openWith(english, await createKey(account, 'OWNER'));
  const panel = page.getByRole('region', { name: 'Forecast' });
  await scrollToDrawings(panel);
  const steps = panel.getByRole('slider', { name: 'What becomes of today’s credits' });
  await steps.focus();
  const texts = [];
  for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'ArrowRight']) {
    await page.keyboard.press(key);
    texts.push((await steps.getAttribute('aria-valuetext'))?.split(': ')[1]);
  }
  assert.deepEqual(texts, [
    '150 credits available',
    '40.5 credits will expire',
    '9.5 credits will expire',
    '100 credits available',
  ]);
  const line = panel.getByRole('slider', { name: 'Credits from today on' });
  await line.focus();
  await page.keyboard.press('End');
  assert.match((await line.getAttribute('aria-valuetext')) ?? '', /100 credits at the usual pace$/);
  await page.close();
});

test('credits that nobody uses are said to expire, and an empty account has no pace', async () => {
  const account = await createAccount(`Forecast ${RUN}`);
  await grant(account, inDays(20), '40.5');
  await grant(account, undefined, '100');
  const page = await openWith(english, await createKey(account, 'OWNER'));
  const panel = page.getByRole('region', { name: 'Forecast' });
  await panel.getByText('No messages were sent in the last 30 days').waitFor();
  await panel.getByText('40.5 credits will expire unused at this pace.').waitFor();
  const cells = await textsOf(panel.getByRole('row').last().getByRole('cell'));
  assert.deepEqual(cells.slice(0, 4), ['40.5', '0', '40.5', '0']);
  await page.close();
});

test('the portfolio is sorted, filtered and downloaded', async () => {
  const name = `=Lapsing ${RUN}`;
  const account = await createAccount(name);
  await grant(account, inDays(10), '999999.5');
  const page = await openWith(english, KEY);
  await page.getByRole('link', { name: 'Platform' }).click();
  const table = page.getByRole('table', { name: 'All accounts' });
  await table.getByRole('row').nth(1).waitFor();
  await page.getByLabel('Show').selectOption('Credits expire in 30 days');
  await page.getByLabel('Sort by').selectOption('Most to expire');
  await table.getByRole('row').nth(1).getByText(name).waitFor();
  await check(page);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const text = await readFile(await (await download).path(), 'utf8');
  const [header, first = ''] = text.split('\r\n');
  assert.match(header ?? '', /^\ufeffaccount,id,available,held,runwayDays/);
  assert.ok(first.startsWith(`"'${name}",${account},999999.5,0,,,999999.5,0,0,`), first);
  await page.getByLabel('Show').selectOption('Auto-recharge stopped');
  await table.getByText(name).waitFor({ state: 'detached' });
  await page.close();
});

test('what the portfolio shows is in the address', async () => {
  const names = ['a', 'b', 'c'].map((letter) => `Address ${RUN} ${letter}`);
  for (const name of names) {
    const account = await createAccount(name);
    await grant(account, inDays(10), '5');
  }
  const page = await openWith(english, KEY);
  await page.getByRole('link', { name: 'Platform' }).click();
  const search = page.getByRole('searchbox', { name: 'Search all accounts by name' });
  const first = page.getByRole('table', { name: 'All accounts' }).getByRole('row').nth(1);
  await search.fill(`Address ${RUN}`);
  await page.getByLabel('Sort by').selectOption('Name');
  await first.getByText(names[0] ?? '').waitFor();
  await page.getByRole('button', { name: 'Reverse order' }).click();
  await first.getByText(names[2] ?? '').waitFor();
  await page.getByLabel('Show').selectOption('Credits expire in 30 days');

  // A reload and a link show the same.
  const other = await english.newPage();
  await other.goto(`${SERVER}/`);
  await other.evaluate((it) => sessionStorage.setItem('message-credits-api-key', it), KEY);
  await other.goto(page.url());
  await Promise.all([page.reload(), other.reload()]);
  for (const one of [page, other]) {
    const rows = one.getByRole('table', { name: 'All accounts' }).getByRole('row');
    await rows
      .nth(1)
      .getByText(names[2] ?? '')
      .waitFor();
    assert.equal(await rows.count(), 4);
    assert.equal(await one.getByLabel('Show').inputValue(), 'expiring');
  }
  await other.close();

  // So does the way back from an account; it then leads through choices, not through what was typed.
  await first.getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: names[2] ?? '' }).waitFor();
  await page.goBack();
  await first.getByText(names[2] ?? '').waitFor();
  await page.goBack();
  await page.waitForFunction(() => !location.hash.includes('show='));
  await page.goBack();
  await first.getByText(names[0] ?? '').waitFor();
  assert.equal(await search.inputValue(), `Address ${RUN}`);
  await check(page);
  await page.close();
});

/**
 * The date in so many days.
 * @param {number} days
 */
function inDays(days) {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
