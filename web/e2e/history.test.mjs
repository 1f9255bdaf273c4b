// @ts-check
// Where the credits went: entries with what was left after each, and their postings, restricted by
// kind and by period.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { KEY, openBrowser } from './browser.mjs';
import { cellTexts, check, openWith, picture, textsOf } from './screen.mjs';

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
    tab: 'History',
    table: /^Entries of the ledger/,
    next: 'Next',
    kind: 'Kind of entry',
    period: 'Period',
    first: 'First day',
    last: 'Last day',
    reversed: 'The first day is after the last.',
    none: 'No such entry in this period.',
    lots: 'Lots whose credits moved',
    sent: /^Message sent, /,
    open: 'Open the message',
    lot: /^Grant.*(never expires|\d{4})/,
    months: 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec',
  },
  it: {
    tab: 'Movimenti',
    table: /^Movimenti dei/,
    next: 'Avanti',
    kind: 'Tipo di movimento',
    period: 'Periodo',
    first: 'Primo giorno',
    last: 'Ultimo giorno',
    reversed: 'Il primo giorno è dopo l’ultimo.',
    none: 'Nessun movimento corrispondente in questo periodo.',
    lots: 'Lotti i cui crediti si sono mossi',
    sent: /^Messaggio inviato, /,
    open: 'Apri il messaggio',
    lot: /^(Omaggio|Assegnazione|Concessione|Accredito).*(non scade|\d{4})/,
    months: 'gen feb mar apr mag giu lug ago set ott nov dic',
  },
};

/**
 * A figure of the page as units of 1/10,000, with its sign.
 * @param {string | null} text
 * @param {'en' | 'it'} language
 */
function units(text, language) {
  const [group, point] = language === 'en' ? [',', '.'] : ['.', ','];
  const plain = (text ?? '').replaceAll(group, '').replace('−', '-').replace('+', '');
  const [whole = '', fraction = ''] = plain.split(point);
  return BigInt(`${whole}${fraction.padEnd(4, '0')}`);
}

/**
 * The ISO date of an entry's instant as the page writes it: "22 Nov 2026, 14:05".
 * @param {string | null} text
 * @param {'en' | 'it'} language
 */
function isoDay(text, language) {
  const [day = '', month = '', year = ''] = (text ?? '').replace(',', '').split(' ');
  const at = TEXTS[language].months.split(' ').indexOf(month.slice(0, 3)) + 1;
  return `${year}-${String(at).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`each balance of the history follows from the entry before it, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = TEXTS[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    const table = page.getByRole('table', { name: texts.table });
    await table.waitFor();
    const available = page.locator('dt', { hasText: /^(Available|Disponibili)$/ });
    const shown = await available.first().locator('xpath=following-sibling::dd[1]').textContent();

    /** @type {bigint[][]} */
    const entries = [];
    for (let turn = 0; turn < 2; turn += 1) {
      for (const cells of await cellTexts(table.locator('tbody tr'))) {
        entries.push([2, 3].map((at) => units(cells[at] ?? '', language)));
      }
      const last = await table.locator('tbody tr').last().locator('th').textContent();
      await page
        .getByRole('tabpanel')
        .getByRole('button', { name: texts.next, exact: true })
        .click();
      await table
        .locator('tbody tr')
        .last()
        .getByText(last ?? '')
        .waitFor({ state: 'detached' });
    }
    assert.equal(entries.length, 40);
    // On a later page: another kind begins at its own first one.
    await page.setViewportSize({ width: 390, height: 900 });
    await check(page);
    await page.getByLabel(texts.kind).selectOption('GRANT');
    await table.locator('tbody tr').nth(3).waitFor({ state: 'detached' });
    await table.locator('tbody tr').nth(2).waitFor();
    assert.equal(entries[0]?.[1], units(/^[\d.,]+/.exec(shown ?? '')?.[0] ?? '', language));
    for (const [at, [change = 0n, left]] of entries.slice(0, -1).entries()) {
      assert.equal(left, (entries[at + 1]?.[1] ?? 0n) + change, `entry ${at}`);
    }
    await page.close();
  });

  test(`an entry leads to its message, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = TEXTS[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    const table = page.getByRole('table', { name: texts.table });
    await table.getByRole('button', { name: texts.sent }).first().click();
    const dialog = page.getByRole('dialog');
    const link = dialog.getByRole('link', { name: texts.open });
    await link.waitFor();
    for (const width of [390, 1400]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
    }
    await link.click();
    await page.waitForURL(/tab=messages&message=/);
    await dialog.getByText(/^(Credits are recipients|I crediti sono destinatari) ×/).waitFor();
    await page.close();
  });

  test(`the history is restricted by kind, and an entry has its postings, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = TEXTS[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    const kind = page.getByLabel(texts.kind);
    await kind.selectOption('GRANT');
    await page.waitForURL(/kind=grant/);
    const table = page.getByRole('table', { name: texts.table });
    await table
      .getByText(/^(Message sent|Messaggio inviato)$/)
      .first()
      .waitFor({ state: 'detached' });
    await page.reload();
    await table.waitFor();
    assert.equal(await kind.inputValue(), 'GRANT');
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      await picture(page, `history-${language}-${width}`);
    }
    await table.locator('tbody th').first().getByRole('button').click();
    const dialog = page.getByRole('dialog');
    const tables = dialog.getByRole('table');
    const postings = await textsOf(tables.first().locator('tbody td:last-child'));
    assert.equal(postings.length, 2);
    // The lot by its reason, with the last day on which it can be used, and what was moved.
    const lots = dialog.getByRole('table', { name: texts.lots });
    await lots.waitFor();
    assert.equal(await lots.locator('tbody tr').count(), 1);
    const lot = (await lots.locator('tbody tr').textContent()) ?? '';
    assert.match(lot, texts.lot);
    assert.equal(postings.filter((one) => one && lot.endsWith(one)).length, 1);
    const sum = postings.reduce((all, one) => all + units(one, language), 0n);
    assert.equal(sum, 0n);
    await check(page);
    await picture(page, `entry-${language}-390`);
    await page.close();
  });

  test(`the history is restricted to a period, which the address keeps, in ${language}`, async () => {
    const page = await openWith(browsers[language], KEY);
    const texts = TEXTS[language];
    await page.getByRole('tab', { name: texts.tab }).click();
    const table = page.getByRole('table', { name: texts.table });
    await table.waitFor();
    const rows = table.locator('tbody tr');
    /** The days of the entries shown, newest first. */
    const days = async () =>
      (await textsOf(rows.locator('th'))).map((text) => isoDay(text, language));
    const all = await days();
    assert.match(all[0] ?? '', /^\d{4}-(0[1-9]|1[0-2])-\d\d$/);
    const oldest = all.at(-1) ?? '';
    const wanted = all.filter((one) => one === oldest);
    assert.ok(wanted.length < all.length, 'all entries are of one day');

    const period = page.getByLabel(texts.period, { exact: true });
    await period.selectOption('THIS_MONTH');
    await page.waitForURL(/period=this-month/);
    await period.selectOption('CUSTOM');
    await page.waitForURL(/period=\d/);
    // The last day first: the first day of the month isn't after it.
    await page.getByLabel(texts.last).fill(oldest);
    await page.getByLabel(texts.first).fill(oldest);
    await page.waitForURL(new RegExp(`period=${oldest}\\.\\.${oldest}`));
    await page.reload();
    await table.waitFor();
    assert.equal(await page.getByLabel(texts.first).inputValue(), oldest);
    const shown = await days();
    assert.ok(shown.length >= wanted.length);
    assert.deepEqual([...new Set(shown)], [oldest]);
    // What was left after each entry is what it was, whatever else is shown.
    const entries = (await cellTexts(rows)).map((cells) =>
      [2, 3].map((at) => units(cells[at] ?? '', language)),
    );
    for (const [at, [change = 0n, left]] of entries.slice(0, -1).entries()) {
      assert.equal(left, (entries[at + 1]?.[1] ?? 0n) + change, `entry ${at}`);
    }
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      await picture(page, `history-period-${language}-${width}`);
    }

    // The kind and the period are kept together, and the back button undoes the kind.
    await page.getByLabel(texts.kind).selectOption('CHARGEBACK');
    await page.getByText(texts.none).waitFor();
    assert.match(page.url(), /kind=chargeback/);
    assert.match(page.url(), /period=/);
    await check(page);
    await page.goBack();
    await table.waitFor();
    await page.getByLabel(texts.first).fill('2999-01-01');
    await page.getByRole('alert').getByText(texts.reversed).waitFor();
    await check(page);
    await period.selectOption('');
    await table.waitFor();
    assert.doesNotMatch(page.url(), /period=/);
    await page.close();
  });
}
