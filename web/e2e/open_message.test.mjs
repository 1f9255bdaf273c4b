// @ts-check
// A message that is open: the address names it, so that a reload, a link and the back button work.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createAccount } from './api.mjs';
import { KEY, openBrowser } from './browser.mjs';
import { check, openWith, picture } from './screen.mjs';

/** @type {Record<'en' | 'it', Awaited<ReturnType<typeof openBrowser>>>} */
let browsers;

before(async () => {
  browsers = { en: await openBrowser(), it: await openBrowser('it-IT') };
});

after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

afterEach(() => {
  for (const browser of Object.values(browsers)) assert.deepEqual(browser.offences.splice(0), []);
});

const TEXTS = {
  en: {
    tab: 'Messages',
    recent: 'Messages that were sent or canceled, latest first',
    scheduled: 'Scheduled messages, soonest first',
    missing: 'This account has no such message.',
  },
  it: {
    tab: 'Messaggi',
    recent: 'Messaggi inviati o annullati, dal più recente',
    scheduled: 'Messaggi programmati, dal più vicino',
    missing: 'L’account non ha questo messaggio.',
  },
};

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`the address holds the open message, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = TEXTS[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    const dialog = page.getByRole('dialog');
    /** Waits for the message of this name, and for what is shown of its text. */
    const isShown = async (/** @type {string} */ name) => {
      await dialog.getByText(name).first().waitFor();
      await dialog.locator('[aria-busy=true]').waitFor({ state: 'detached' });
    };
    const addresses = [];
    for (const caption of [texts.scheduled, texts.recent]) {
      const link = page.getByRole('table', { name: caption }).locator('tbody th button').first();
      const name = (await link.textContent()) ?? '';
      await link.click();
      await page.waitForURL(/message=/);
      await isShown(name);
      addresses.push(page.url());
      const shown = await dialog.textContent();
      await page.reload();
      await isShown(name);
      assert.equal(await dialog.textContent(), shown);
      for (const width of [390, 1400]) {
        await page.setViewportSize({ width, height: 900 });
        await check(page);
        await picture(page, `message-open-${language}-${width}`);
      }
      // Closed by its button or by going back, and opened again by going forward.
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      assert.doesNotMatch(page.url(), /message=/);
      await page.goBack();
      await isShown(name);
      await page.goBack();
      await dialog.waitFor({ state: 'detached' });
    }
    assert.notEqual(addresses[0], addresses[1]);

    // Under another account's address it is not shown.
    const other = await createAccount(`No messages ${Date.now()}`);
    await page.goto((addresses[1] ?? '').replace(/account=[^&]+/, `account=${other}`));
    await dialog.getByText(texts.missing).waitFor();
    await check(page);
    await page.close();
  });
}
