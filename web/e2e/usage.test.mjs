// @ts-check
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createAccount, createKey, createList, grant, sendWith } from './api.mjs';
import { KEY, openBrowser } from './browser.mjs';
import { check, openWith, textsOf } from './screen.mjs';

/** @type {Record<'en' | 'it', Awaited<ReturnType<typeof openBrowser>>>} */
let browsers;

before(async () => {
  browsers = { en: await openBrowser(), it: await openBrowser('it-IT') };
});

after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

afterEach(() => {
  for (const browser of Object.values(browsers)) assert.deepEqual(browser.offences.splice(0), []);
});

/** @param {import('playwright-core').Page} page */
const words = (page) => new URLSearchParams(new URL(page.url()).hash.slice(1));

test('the address holds the period and the interval of usage', async () => {
  const page = await openWith(browsers.en, KEY);
  await page.getByRole('tab', { name: 'Usage' }).click();
  const period = page.getByLabel('Period');
  const by = page.getByLabel('By', { exact: true });
  assert.equal(await period.inputValue(), 'THIS_MONTH');
  assert.equal(words(page).get('period'), null);

  await period.selectOption('Last year');
  await page.waitForURL(/period=last-year/);
  // A year is read by its months, unless another interval is chosen.
  await page.locator('select:has(option[value=MONTH]:checked)').waitFor();
  await by.selectOption('Week');
  await page.waitForURL(/by=week/);
  const year = new Date().getFullYear() - 1;
  await page.getByText(`1 Jan ${year} to 31 Dec ${year}, days in`).waitFor();
  await page.reload();
  await page.getByText(`1 Jan ${year} to 31 Dec ${year}, days in`).waitFor();
  assert.equal(await by.inputValue(), 'WEEK');

  // Another account keeps the period; a custom one begins with the days of the name.
  await page.getByRole('navigation', { name: 'Accounts' }).getByRole('listitem').nth(1).click();
  assert.equal(await period.inputValue(), 'LAST_YEAR');
  await period.selectOption('Custom');
  await page.waitForURL(new RegExp(`period=${year}-01-01\\.\\.${year}-12-31`));
  await page.getByLabel('Last day').fill(`${year}-03-31`);
  await page.waitForURL(new RegExp(`period=${year}-01-01\\.\\.${year}-03-31`));

  // Days that are no period are said, and stay out of the address.
  await page.getByLabel('First day').fill(`${year}-04-01`);
  await page.getByRole('alert').getByText('The first day is after the last.').waitFor();
  assert.equal(words(page).get('period'), `${year}-01-01..${year}-03-31`);
  // Another interval keeps them.
  await by.selectOption('Day');
  await page.waitForURL((url) => !url.hash.includes('by='));
  assert.equal(await page.getByLabel('First day').inputValue(), `${year}-04-01`);
  await page.goBack();
  await page.goBack();
  await page.waitForURL(new RegExp(`period=${year}-01-01\\.\\.${year}-12-31`));
  await page.getByText(`1 Jan ${year} to 31 Dec ${year}, days in`).waitFor();
  await page.goForward();
  await page.getByText(`1 Jan ${year} to 31 Mar ${year}, days in`).waitFor();

  // Words that mean nothing are ignored.
  await page.evaluate(() => {
    location.hash = '#tab=usage&period=2026-02-30..2026-03-01&by=decade';
  });
  await page.locator('select:has(option[value=THIS_MONTH]:checked)').waitFor();
  assert.equal(await by.inputValue(), 'DAY');
  await page.close();
});

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`usage is compared with the period before, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = {
      en: { tab: 'Usage', before: /^Compared with /, last: 'Last quarter' },
      it: { tab: 'Consumi', before: /^A confronto con /, last: 'Trimestre scorso' },
    }[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.getByText(texts.before).waitFor();
      await check(page);
      if (process.env.SCREENSHOTS) {
        await page.screenshot({
          path: `${process.env.SCREENSHOTS}/usage-${language}-${width}.png`,
        });
      }
    }
    await page.getByLabel(/^(Period|Periodo)$/).selectOption(texts.last);
    await page.waitForURL(/period=last-quarter/);
    await page.getByText(texts.before).waitFor();
    await page.close();
  });
}

test('the period before is that of as many months, with the change of its figures', async () => {
  const page = await openWith(browsers.en, KEY);
  await page.getByRole('tab', { name: 'Usage' }).click();
  await page.getByLabel('Period').selectOption('Last month');
  await page.waitForURL(/period=last-month/);
  const now = new Date();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 2, 1));
  const month = first.toLocaleDateString('en-GB', { month: 'long', timeZone: 'UTC' });
  // Until its report is there, the line of the period that was shown before stays.
  const line = page.getByText(
    new RegExp(`^Compared with 1\\s?–\\s?\\d\\d ${month} ${first.getUTCFullYear()}: `),
  );
  await line.waitFor();
  const text = (await line.textContent()) ?? '';
  const figures = /: ([\d,.]+) credits \(now ([+−±][\d,.]+)\)/.exec(text);
  assert.ok(figures, text);
  const credits = page.locator('dt', { hasText: 'Credits' }).locator('xpath=following-sibling::dd');
  /** @param {string | null | undefined} figure */
  const number = (figure) =>
    Number((figure ?? '').replaceAll(',', '').replace('−', '-').replace(/[+±]/, ''));
  const total = number(await credits.first().textContent());
  assert.equal(total - number(figures[1]), number(figures[2]), text);
  await page.close();
});

test('this month so far is compared with the same days of the last', async () => {
  const account = await createAccount(`Same days ${Date.now()}`);
  const page = await openWith(browsers.en, await createKey(account, 'OWNER'));
  await page.getByRole('tab', { name: 'Usage' }).click();
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Rome' }).format(new Date());
  const [year, month, date] = day.split('-').map(Number);
  for (const [name, months] of /** @type {const} */ ([
    ['This month', 1],
    ['This quarter', 3],
    ['This year', 12],
  ])) {
    await page.getByLabel('Period').selectOption(name);
    // The first day of the period, and the same days as many months before.
    const begins = month - 1 - ((month - 1) % months);
    const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const last = new Date(Date.UTC(year, month - months, 0)).getUTCDate();
    const until = date === length ? last : Math.min(date, last);
    const dates = [Date.UTC(year, begins - months, 1), Date.UTC(year, month - 1 - months, until)];
    const before = await page.evaluate(
      ([from, to]) =>
        new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).formatRange(
          from ?? 0,
          to ?? 0,
        ),
      dates,
    );
    await page.getByText(`Compared with ${before}, when nothing was sent.`).waitFor();
  }
  await page.close();
});

test('a list leads to its messages, and a message explains its price', async () => {
  const page = await openWith(browsers.en, KEY);
  await page.getByRole('tab', { name: 'Usage' }).click();
  const lists = page.getByRole('table', { name: 'Usage by contact list' });
  const row = lists.getByRole('row').nth(1);
  const [counted, credits] = await Promise.all(
    [1, 4].map((cell) =>
      row
        .getByRole('cell')
        .nth(cell - 1)
        .textContent(),
    ),
  );
  await row.getByRole('button', { name: /^Messages of / }).click();
  const dialog = page.getByRole('dialog', { name: /^Messages of / });
  const messages = dialog.getByRole('table', { name: /^Messages of / });
  await messages.waitFor();

  // The pages have as many messages as the report counted, with as many credits.
  const next = dialog.getByRole('button', { name: 'Next' });
  let [rows, sum] = [0, 0];
  for (;;) {
    const cells = await textsOf(messages.locator('tbody td:nth-child(4)'));
    rows += cells.length;
    // In units of 1/10,000 credit, so that the sum is exact.
    sum += cells.reduce(
      (all, cell) => all + Math.round(Number(cell.replaceAll(',', '')) * 10_000),
      0,
    );
    if (!(await next.isVisible()) || (await next.isDisabled())) break;
    const last = await messages.locator('tbody th').last().textContent();
    await next.click();
    await messages
      .locator('tbody th')
      .last()
      .getByText(last ?? '', { exact: true })
      .waitFor({
        state: 'detached',
      });
  }
  assert.equal(rows, Number(counted));
  assert.equal(sum, Math.round(Number(credits?.replaceAll(',', '')) * 10_000));

  await messages.locator('tbody th').first().getByRole('button').click();
  await dialog.getByText('Credits are recipients × segments each × credits per segment:').waitFor();
  await dialog.getByText('Sent with the key of the platform').waitFor();
  const lines = dialog.getByRole('table', { name: /destination/i });
  const factors = await textsOf(lines.locator('tbody tr').first().locator('td'));
  const [recipients, segments, rate, cost] = factors.map((one) => Number(one.replaceAll(',', '')));
  assert.ok(Math.abs(recipients * segments * rate - cost) < 1e-6, factors.join(' '));
  for (const width of [1400, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await check(page);
    if (process.env.SCREENSHOTS) {
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/message-${width}.png` });
    }
  }
  await dialog.getByRole('button', { name: 'Back to all messages' }).click();
  await messages.waitFor();
  await check(page);
  if (process.env.SCREENSHOTS) {
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/messages-390.png` });
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.close();
});

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`a month leads to its days, and a list to who sent what, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = {
      en: {
        tab: 'Usage',
        last: 'Last year',
        by: 'By',
        month: 'Month',
        table: 'Show as a table',
        from: /^Usage over time/,
        lists: 'Usage by contact list',
        sender: 'Sent with the key of the platform',
      },
      it: {
        tab: 'Consumi',
        last: 'Anno scorso',
        by: 'Per',
        month: 'Mese',
        table: 'Mostra come tabella',
        from: /^Consumi nel tempo/,
        lists: 'Consumi per lista di contatti',
        sender: 'Inviato con la chiave della piattaforma',
      },
    }[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    await page.getByLabel(/^(Period|Periodo)$/).selectOption(texts.last);
    await page.waitForURL(/period=last-year/);
    const by = page.getByLabel(texts.by, { exact: true });
    await by.locator('option:checked', { hasText: texts.month }).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: texts.table }).click();
    const year = new Date().getFullYear() - 1;
    const table = page.getByRole('table', { name: texts.from });
    await table.getByRole('button').nth(11).click();
    await page.waitForURL(new RegExp(`period=${year}-12-01\\.\\.${year}-12-31`));
    assert.equal(words(page).get('by'), null);
    await page.goBack();
    await page.waitForURL(/period=last-year$/);
    // December's report is shown until that of the year has come; days aren't buttons.
    await table.getByRole('button').nth(11).waitFor();

    const lists = page.getByRole('table', { name: texts.lists });
    await lists.getByRole('row').nth(1).getByRole('button').click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('tbody th').first().getByRole('button').click();
    await dialog.getByText(texts.sender).waitFor();
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      if (process.env.SCREENSHOTS) {
        await page.screenshot({
          path: `${process.env.SCREENSHOTS}/sender-${language}-${width}.png`,
        });
      }
    }
    await page.close();
  });
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`usage is restricted to a list, a country and a channel, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = {
      en: { tab: 'Usage', list: 'Contact list', country: 'Country', italy: 'Italy' },
      it: { tab: 'Consumi', list: 'Lista di contatti', country: 'Paese', italy: 'Italia' },
    }[language];
    const channel = page.getByLabel(/^(Channel|Canale)$/);
    await page.getByRole('tab', { name: texts.tab }).click();
    const lists = page.getByRole('table', { name: /^(Usage by contact|Consumi per) list/ });
    await lists.waitFor();
    await page.getByRole('combobox', { name: texts.list }).click();
    await page.getByRole('listbox').getByRole('option').first().click();
    await page.waitForURL(/list=list_/);
    await page.getByRole('combobox', { name: texts.country }).fill(texts.italy);
    await page.getByRole('option', { name: texts.italy, exact: true }).click();
    await page.waitForURL(/country=IT/);
    await channel.selectOption('SMS');
    await page.waitForURL(/channel=sms/);
    await lists.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
    const countries = page.getByRole('table', { name: /^(Usage by dest|Consumi per paese)/ });
    await countries.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
    assert.equal(await countries.locator('tbody tr').count(), 1);
    const chosen = await page.getByRole('combobox', { name: texts.list }).inputValue();

    // The address has them all: after a reload, the same is shown by the same names.
    await page.reload();
    await lists.waitFor();
    assert.equal(
      await page.getByRole('combobox', { name: texts.country }).inputValue(),
      texts.italy,
    );
    assert.equal(await page.getByRole('combobox', { name: texts.list }).inputValue(), chosen);
    assert.equal(await channel.inputValue(), 'SMS');
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      if (process.env.SCREENSHOTS) {
        await page.screenshot({
          path: `${process.env.SCREENSHOTS}/filter-${language}-${width}.png`,
        });
      }
    }
    await page.goBack();
    await page.waitForURL((url) => !url.hash.includes('channel='));
    assert.equal(await channel.inputValue(), '');
    await page.close();
  });
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`usage is restricted to who sent it, in ${language}`, async () => {
    const account = await createAccount(`Senders ${language} ${Date.now()}`);
    await grant(account, undefined, '100');
    const list = await createList(account, 'Winter', [{ countryCode: 'IT', recipientCount: 5 }]);
    const [owner, member] = await Promise.all([
      createKey(account, 'OWNER'),
      createKey(account, 'MEMBER', 'Newsletter'),
    ]);
    await sendWith(owner, { recipientCount: 2 });
    await sendWith(member, { listId: list, person: 'Nicolò Verdi' });
    await sendWith(member, { recipientCount: 4 });
    await sendWith(owner, { listId: list });

    const page = await openWith(browsers[language], owner);
    const texts = {
      en: { tab: 'Usage', by: 'Sent by', clear: 'Clear who sent it', of: /^Messages of Winter/ },
      it: { tab: 'Consumi', by: 'Inviato da', clear: 'Togli chi ha inviato', of: /Winter/ },
    }[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    const total = page.locator('dt', { hasText: /^(Messages|Messaggi)$/ }).first();
    const messages = total.locator('xpath=following-sibling::dd');
    await messages.getByText('4', { exact: true }).waitFor();
    const by = page.getByRole('combobox', { name: texts.by });
    await by.click();
    await page.getByRole('option', { name: 'Newsletter', exact: true }).click();
    await page.waitForURL(/key=key_/);
    await messages.getByText('2', { exact: true }).waitFor();
    await by.click();
    await page.getByRole('option', { name: 'Nicolò Verdi', exact: true }).click();
    await page.waitForURL((url) => url.hash.includes('person=') && !url.hash.includes('key='));
    await messages.getByText('1', { exact: true }).waitFor();

    // The address has the choice, and the report leads to exactly that person's message.
    await page.reload();
    await messages.getByText('1', { exact: true }).waitFor();
    assert.equal(await by.inputValue(), 'Nicolò Verdi');
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      if (process.env.SCREENSHOTS) {
        await page.screenshot({
          path: `${process.env.SCREENSHOTS}/actor-${language}-${width}.png`,
        });
      }
    }
    const lists = page.getByRole('table', { name: /^(Usage by contact|Consumi per) list/ });
    await lists.getByRole('button').first().click();
    const dialog = page.getByRole('dialog');
    const rows = dialog.getByRole('table', { name: texts.of }).locator('tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 1);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });

    await page.getByLabel(texts.clear).click();
    await page.waitForURL((url) => !url.hash.includes('person='));
    await messages.getByText('4', { exact: true }).waitFor();
    await page.close();
  });
}
