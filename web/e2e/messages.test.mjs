// @ts-check
// Messages in both languages: written, scheduled, seen in the calendar, cancelled, sent once, and
// what is refused.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  allocate,
  archive,
  createAccount,
  createKey,
  createList,
  grant,
  importCsv,
  messagesOf,
  schedule,
} from './api.mjs';
import { openBrowser } from './browser.mjs';
import { check, openWith, picture, textsOf } from './screen.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** @type {Record<'en' | 'it', Awaited<ReturnType<typeof openBrowser>>>} */
let browsers;
/** @type {string} */
let account;
/** @type {string} */
let owner;
/** @type {string} */
let limited;
/** @type {string} */
let arabic;

const CONTACTS = `Phone,firstName,city
+393401234501,Ada,Rome
+393401234502,${'Bartolomea '.repeat(14)},Rome
+393401234503,,Rome
`;
const ARABIC = 'قائمة العملاء';

/** What the page says, by language. */
const WORDS = {
  en: {
    tab: 'Messages',
    write: 'Write a message',
    name: 'Name',
    text: 'Text',
    list: 'Contact list',
    insert: 'Insert a merge field',
    cost: 'Cost',
    segments: 'Segments',
    twoSegments: 'SMS in plain characters: 2 segments.',
    credits: '4 credits',
    left: '9,996 would be left.',
    later: 'Later',
    day: 'Day',
    time: 'Time',
    reviewSchedule: 'Schedule…',
    schedule: 'Schedule',
    range: '1 to 2',
    scheduled: 'Scheduled for',
    scheduledTitle: 'Scheduled messages',
    calendar: /^Scheduled messages of /,
    messages: / ?: 1 message$/,
    cancel: 'Cancel Saldi',
    confirm: 'Cancel',
    free: '4 credits come free.',
    none: 'No message is scheduled on this day.',
    allDays: 'Show all days',
    canceled: 'Canceled',
    numbers: 'Phone numbers',
    toNumbers: 'To numbers',
  },
  it: {
    tab: 'Messaggi',
    write: 'Scrivi un messaggio',
    name: 'Nome',
    text: 'Testo',
    list: 'Lista di contatti',
    insert: 'Inserisci un campo',
    cost: 'Costo',
    segments: 'Segmenti',
    twoSegments: 'SMS in caratteri semplici: 2 segmenti.',
    credits: '4 crediti',
    left: 'Ne resterebbero 9.996.',
    later: 'Più tardi',
    day: 'Giorno',
    time: 'Orario',
    reviewSchedule: 'Programma…',
    schedule: 'Programma',
    range: 'da 1 a 2',
    scheduled: 'Programmato per',
    scheduledTitle: 'Messaggi programmati',
    calendar: /^Messaggi programmati di /,
    messages: / ?: 1 messaggio$/,
    cancel: 'Annulla Saldi',
    confirm: 'Annulla',
    free: 'si liberano 4 crediti.',
    none: 'Nessun messaggio è programmato in questo giorno.',
    allDays: 'Mostra tutti i giorni',
    canceled: 'Annullato',
    numbers: 'Numeri di telefono',
    toNumbers: 'A numeri',
  },
};

before(async () => {
  const [en, it] = await Promise.all([openBrowser(), openBrowser('it-IT')]);
  browsers = { en, it };
  account = await createAccount(`Messages test ${Date.now()}`, 'Europe/Rome');
  owner = await createKey(account, 'OWNER');
  await grant(account, undefined, '10000');
  const stored = await createList(account, 'Stored');
  await importCsv(stored, CONTACTS);
  limited = await createList(account, 'Limited', [{ countryCode: 'IT', recipientCount: 500 }]);
  await allocate(account, limited, '0');
  arabic = await createList(account, ARABIC, [{ countryCode: 'IT', recipientCount: 2 }]);
});

after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

afterEach(() => {
  for (const browser of Object.values(browsers)) assert.deepEqual(browser.offences.splice(0), []);
});

/**
 * Opens the composer.
 * @param {'en' | 'it'} language
 * @param {string} [key]
 */
async function compose(language, key = owner) {
  const words = WORDS[language];
  const page = await openWith(browsers[language], key);
  await page.getByRole('tab', { name: words.tab }).click();
  await page.getByRole('button', { name: words.write }).click();
  return page;
}

/**
 * @param {Page} page
 * @param {string} name
 * @param {string} [label]
 */
async function chooseList(page, name, label = WORDS.en.list) {
  await page.getByRole('combobox', { name: label }).click();
  await page.getByRole('option', { name }).click();
}

/**
 * The day a number of days from now, in Rome.
 * @param {number} days
 */
function dayAhead(days) {
  const at = new Date(Date.now() + days * 86_400_000);
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Rome' }).format(at);
}

/** @param {Page} page */
const textOf = (page) => page.getByRole('textbox', { name: 'Text' });

/**
 * Aborts the first answer to a mutation after the server has done it.
 * @param {Page} page
 * @param {string} mutation
 */
async function loseAnswer(page, mutation) {
  let lost = false;
  await page.route('**/graphql', async (route) => {
    if (lost || !route.request().postData()?.includes(`mutation ${mutation}`)) {
      return route.continue();
    }
    lost = true;
    await route.fetch();
    await route.abort();
  });
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`a message to a list is scheduled, seen and cancelled (${language})`, async () => {
    const words = WORDS[language];
    const before = (await messagesOf(account)).balance;
    const page = await compose(language);
    await check(page);
    await page.getByLabel(words.name, { exact: true }).fill('Saldi');
    await chooseList(page, 'Stored', words.list);
    const text = page.getByRole('textbox', { name: words.text });
    await text.fill('Ciao , da oggi saldi.');
    await text.press('Home');
    for (let at = 0; at < 5; at += 1) await text.press('ArrowRight');
    await page.getByRole('button', { name: words.insert }).click();
    await page.getByRole('menuitem', { name: /firstName/ }).click();
    await page.waitForFunction(
      (it) => [...document.querySelectorAll('textarea')].some((one) => one.value === it),
      'Ciao {{firstName}}, da oggi saldi.',
    );
    await page.getByRole('region', { name: words.segments }).getByText(words.twoSegments).waitFor();
    const cost = page.getByRole('region', { name: words.cost });
    await cost.getByText(words.credits, { exact: true }).waitFor();
    await cost.getByText(words.left).waitFor();

    await page.getByText(words.later, { exact: true }).click();
    const day = dayAhead(7);
    await page.getByLabel(words.day, { exact: true }).fill(day);
    await page.getByLabel(words.time, { exact: true }).fill('09:30');
    for (const scheme of /** @type {const} */ (['dark', 'light'])) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const width of [390, 1400]) {
        await page.setViewportSize({ width, height: 900 });
        await check(page);
        await picture(page, `messages-composer-${language}-${width}-${scheme}`);
      }
    }
    await page.getByRole('button', { name: words.reviewSchedule }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(words.range, { exact: true }).waitFor();
    await dialog.getByText('(Europe/Rome)').waitFor();
    await dialog.getByText('Stored').waitFor();
    await check(page);
    await picture(page, `messages-confirm-${language}`);
    await dialog.getByRole('button', { name: words.schedule }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('status').getByText(words.scheduled).waitFor();
    assert.equal((await messagesOf(account)).balance.held, '4');

    // In the table, and in the calendar of its month.
    const table = page.getByRole('region', { name: words.scheduledTitle });
    const row = table.getByRole('row').filter({ hasText: 'Saldi' }).filter({ hasText: '09:30' });
    await row.getByText('Stored').waitFor();
    const calendar = page.getByRole('table', { name: words.calendar });
    const link = calendar.getByRole('link', {
      name: new RegExp(`^${Number(day.slice(8))}${words.messages.source}`),
    });
    await link.click();
    await page.waitForURL(new RegExp(`month=${day.slice(0, 7)}&day=${day}`));
    await page.reload();
    await row.waitFor();
    for (const width of [390, 1400]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      await picture(page, `messages-day-${language}-${width}`);
    }

    // The held credits lead here.
    await page.getByRole('tab', { name: language === 'en' ? 'Credits' : 'Crediti' }).click();
    await page.getByRole('link', { name: '4', exact: true }).click();
    await page.getByRole('tabpanel', { name: words.tab }).waitFor();
    await page.goBack();
    await page.goBack();

    await page.getByRole('button', { name: words.cancel }).click();
    await page.getByRole('dialog').getByText(words.free).waitFor();
    await check(page);
    await page
      .getByRole('dialog')
      .getByRole('button', { name: words.confirm, exact: true })
      .click();
    await page.getByText(words.none).waitFor();
    // The calendar has an answer of its own.
    await link.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: words.allDays }).click();
    await page.waitForURL((url) => !url.hash.includes('day='));
    await page.getByRole('row').filter({ hasText: words.canceled }).first().waitFor();
    assert.deepEqual((await messagesOf(account)).balance, before);
    await page.close();
  });
}

test('a message to numbers names the line of a wrong one, and is sent', async () => {
  const page = await compose('en');
  await page.getByText('To numbers').click();
  const numbers = page.getByLabel('Phone numbers');
  await numbers.fill('+393401234567\n\u202a+39 340\u2011123\u20114568\u202c\n\n3401234569');
  await textOf(page).fill('“Buongiorno” – a presto 😀');
  await page.getByText('3 numbers').waitFor();
  await page.getByText('Line 4 (3401234569): Write it with + and its country').waitFor();
  await page.getByText('The cost appears here once the marked fields are right.').waitFor();
  await page.getByRole('button', { name: 'Send…' }).click();
  assert.ok(await numbers.evaluate((it) => it === document.activeElement));
  await check(page);
  await picture(page, 'messages-wrong-number');

  // What is no number of its country only the server knows; a landline can be accepted.
  await numbers.fill('+393401234567\n+39 340 1\n+39 06 1234 5678');
  await page.getByText('Line 2 (+39 340 1): Is not a valid telephone number').waitFor();
  await page.getByText('Line 3 (+39 06 1234 5678): Is a landline of Italy').waitFor();
  await page.getByLabel('Accept landlines').check();
  await page.getByText('Line 3').waitFor({ state: 'detached' });
  await numbers.fill('+393401234567\n+39 340 1234568\n0039 340 1234567');
  await page.getByText('1 number is repeated, and is counted once.').waitFor();
  await page.getByText('SMS with special characters: 1 segment.').waitFor();
  await page.getByRole('button', { name: 'Send…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('2 credits').waitFor();
  await dialog.getByText('Without a list').waitFor();
  // Clicked twice, sent once.
  await dialog.getByRole('button', { name: 'Send now' }).dblclick();
  await page.getByRole('status').getByText('Sent to 2 recipients for 2 credits.').waitFor();

  const row = page.getByRole('row').filter({ hasText: 'Buongiorno' });
  await row.getByText('Without a list').waitFor();
  await row.getByRole('button').click();
  await page.getByRole('dialog').getByText('Credits are recipients × segments').waitFor();
  await check(page);
  const { messages } = await messagesOf(account);
  assert.equal(messages.filter(({ text }) => text.includes('Buongiorno')).length, 1);
  await page.close();
});

test('a lost answer is tried again, and the message is sent once', async () => {
  const page = await compose('en');
  await chooseList(page, 'Stored');
  await textOf(page).fill('Sent once');
  await loseAnswer(page, 'SendMessage');
  await page.getByRole('button', { name: 'Send…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Send now' }).click();
  await dialog.getByText('It is not certain whether the message was sent.').waitFor();
  await check(page);
  await picture(page, 'messages-lost');
  assert.ok(browsers.en.offences.splice(0).every((one) => one.includes('ERR_FAILED')));
  // Even if the tab is loaded again in between.
  await page.reload();
  assert.equal(await textOf(page).inputValue(), 'Sent once');
  await page.getByRole('button', { name: 'Send…' }).click();
  await dialog.getByRole('button', { name: 'Send now' }).click();
  await page.getByRole('status').getByText('Sent to 3 recipients').waitFor();
  const sent = async () =>
    (await messagesOf(account)).messages.filter(({ text }) => text.startsWith('Sent once'));
  assert.equal((await sent()).length, 1);
  await page.getByRole('row').filter({ hasText: 'Sent once' }).waitFor();
  await page.close();
});

test('a draft that was changed after a lost answer is not sent again by itself', async () => {
  const page = await compose('en');
  await chooseList(page, 'Stored');
  await textOf(page).fill('Changed later');
  await loseAnswer(page, 'SendMessage');
  await page.getByRole('button', { name: 'Send…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Send now' }).click();
  await dialog.getByText('It is not certain').waitFor();
  browsers.en.offences.splice(0);
  await dialog.getByRole('button', { name: 'Back to the draft' }).click();
  await textOf(page).fill('Changed later!');
  await page.getByRole('button', { name: 'Send…' }).click();
  await dialog.getByRole('button', { name: 'Send now' }).click();
  await dialog.getByRole('alert').getByText('before you changed it').waitFor();
  await check(page);
  const texts = async () =>
    (await messagesOf(account)).messages
      .map(({ text }) => text)
      .filter((text) => text.startsWith('Changed'));
  assert.deepEqual(await texts(), ['Changed later']);
  await dialog.getByRole('button', { name: 'Send as another message' }).click();
  await page.getByRole('status').getByText('Sent to 3 recipients').waitFor();
  assert.equal((await texts()).length, 2);
  await page.close();
});

test('a list that was archived meanwhile is refused at its field, for everybody to read', async () => {
  const list = await createList(account, 'Gone', [{ countryCode: 'IT', recipientCount: 2 }]);
  const page = await compose('en');
  await chooseList(page, 'Gone');
  await textOf(page).fill('Too late');
  await page.getByRole('button', { name: 'Send…' }).click();
  const dialog = page.getByRole('dialog');
  // Earlier, the page would hear of it, and not offer to send.
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('SendMessage')) await archive(list);
    await route.continue();
  });
  await dialog.getByRole('button', { name: 'Send now' }).click();
  await dialog.waitFor({ state: 'detached' });
  const field = page.getByRole('combobox', { name: 'Contact list' });
  await page.locator('input[aria-invalid=true]:focus').waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByRole('listbox').count(), 0);
  await check(page);
  await page.close();
});

test('a message that the credits don’t suffice for isn’t offered to be sent', async () => {
  const page = await compose('en');
  await chooseList(page, 'Limited');
  await textOf(page).fill('Too dear');
  await page.getByRole('alert').getByText('500 are missing.').waitFor();
  await page.getByRole('button', { name: 'Send…' }).click();
  await page.getByRole('alert').getByText('The credits don’t suffice').waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await check(page);
  await picture(page, 'messages-insufficient');

  await page.getByRole('button', { name: 'Raise the limit' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('500 credits are available to this list. 0 would be left.').waitFor();
  // What was free when it was shown may be spent when it is sent.
  await page.getByRole('button', { name: 'Send…' }).click();
  const send = page.getByRole('dialog').getByRole('button', { name: 'Send now' });
  await send.waitFor();
  await allocate(account, limited, '0');
  await send.click();
  await page.getByRole('alert').getByText('500 credits are needed and 0 are available.').waitFor();
  await page.getByRole('alert').getByText('500 are missing.').waitFor();
  assert.equal(await textOf(page).inputValue(), 'Too dear');
  await page.close();
});

test('a time that is past, doesn’t exist or is missing is refused at its fields', async () => {
  const page = await compose('en');
  await chooseList(page, 'Stored');
  await page.getByText('Later', { exact: true }).click();
  await page.getByRole('button', { name: 'Schedule…' }).click();
  await page.getByText('Write a text.').waitFor();
  await page.getByText('Choose a day and a time.').waitFor();
  assert.ok(await textOf(page).evaluate((it) => it === document.activeElement));
  await check(page);
  const day = page.getByLabel('Day', { exact: true });
  const time = page.getByLabel('Time', { exact: true });
  await day.fill(dayAhead(-1));
  await time.fill('09:30');
  await page.getByText('This time is past in Europe/Rome.').waitFor();
  await day.fill(springDay());
  await time.fill('02:30');
  await page.getByText('are put forward from 02:00 to 03:00 that day').waitFor();
  await check(page);
  await time.fill('03:00');
  await page.getByText('03:00 in Europe/Rome.').waitFor();
  await page.close();
});

/** The day on which the clocks are put forward next: the last Sunday of March. */
function springDay() {
  const now = new Date();
  const year = now.getUTCMonth() < 2 ? now.getUTCFullYear() : now.getUTCFullYear() + 1;
  const last = new Date(Date.UTC(year, 2, 31));
  last.setUTCDate(31 - last.getUTCDay());
  return last.toISOString().slice(0, 10);
}

test('a draft survives a reload, closing and another tab, and ends with the session', async () => {
  const page = await compose('en');
  await chooseList(page, ARABIC);
  await textOf(page).fill('مرحبا بكم {{firstName|صديقي}}');
  await page.getByRole('tab', { name: 'Usage' }).click();
  await page.getByRole('tab', { name: 'Messages' }).click();
  assert.equal(await textOf(page).inputValue(), 'مرحبا بكم {{firstName|صديقي}}');
  assert.equal(await textOf(page).evaluate((it) => getComputedStyle(it).direction), 'rtl');
  await page.reload();
  await page.getByText('The list holds head-counts, not contacts.').waitFor();
  await check(page);
  await picture(page, 'messages-arabic');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Write a message' }).click();
  assert.match(await textOf(page).inputValue(), /^مرحبا/);
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('button', { name: 'Write a message' }).click();
  assert.equal(await textOf(page).inputValue(), '');

  await textOf(page).fill('Not for the next reader');
  const drafts = () =>
    page.evaluate(() => Object.keys(sessionStorage).filter((name) => name.includes('draft')));
  await page.waitForFunction(() => Object.values(sessionStorage).join().includes('next reader'));
  assert.equal((await drafts()).length, 1);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  assert.deepEqual(await drafts(), []);
  await page.close();
});

test('a text that is too long, or a brace without its end, is refused at its field', async () => {
  const page = await compose('en');
  await chooseList(page, 'Stored');
  await textOf(page).fill('x'.repeat(40_001));
  await page.getByText('Must have at most 40,000 characters.').waitFor();
  await page.getByRole('button', { name: 'Send…' }).click();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await textOf(page).fill('Ciao {{first');
  await page.getByText('The cost appears here once the marked fields are right.').waitFor();
  await page.getByLabel('With an image (MMS)').check();
  await textOf(page).fill('Ciao');
  await page.getByLabel('Address of the image').fill('picture.jpg');
  await page.getByText('Must be an absolute http or https URL.').waitFor();
  await page.getByLabel('Address of the image').fill('https://shop.example/picture.jpg');
  await page.getByText('MMS: 1 segment.').waitFor();
  await check(page);
  await page.close();
});

test('only those who may send are offered to write', async () => {
  const viewer = await openWith(browsers.en, await createKey(account, 'VIEWER'));
  await viewer.getByRole('tab', { name: 'Messages' }).click();
  await viewer.getByRole('region', { name: 'Recent messages' }).getByRole('table').waitFor();
  assert.equal(await viewer.getByRole('button', { name: 'Write a message' }).count(), 0);
  assert.equal(await viewer.getByRole('button', { name: /^Cancel / }).count(), 0);
  await check(viewer);
  await viewer.close();

  const sender = await openWith(browsers.en, await createKey(account, 'SENDER'));
  await sender.getByRole('tab', { name: 'Quote' }).waitFor();
  assert.equal(await sender.getByRole('tab', { name: 'Messages' }).count(), 0);
  await sender.close();

  const empty = await createAccount(`Empty messages ${Date.now()}`);
  const member = await openWith(browsers.en, await createKey(empty, 'MEMBER'));
  await member.getByRole('tab', { name: 'Messages' }).click();
  await member.getByText('No message is scheduled.').waitFor();
  await member.getByText('No message so far.').waitFor();
  await member.getByRole('button', { name: 'Write a message' }).waitFor();
  await check(member);
  await member.close();
});

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`a scheduled message is edited, and its hold follows (${language})`, async () => {
    const name = `Edited ${language} ${Date.now()}`;
    const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    const sendAt = `${day}T09:30:00Z`;
    await schedule(account, { listId: arabic, name, text: 'Ciao', sendAt });
    const words = EDIT[language];
    const page = await openWith(browsers[language], owner);
    await page.getByRole('tab', { name: WORDS[language].tab }).click();
    const row = page.getByRole('row').filter({ hasText: name });
    await row.getByRole('button', { name: `${words.edit} ${name}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(words.same).waitFor();
    assert.ok(await dialog.getByRole('button', { name: words.save }).isDisabled());
    await dialog.getByLabel(WORDS[language].text).fill('a'.repeat(161));
    await dialog.getByText(words.cost).waitFor();
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      await picture(page, `messages-edit-${language}-${width}`);
    }
    await page.setViewportSize({ width: 1400, height: 900 });

    // A time that has passed is refused at its field, and nothing is changed.
    await dialog.getByLabel(WORDS[language].day).fill('2020-01-01');
    await dialog.getByRole('button', { name: words.save }).click();
    await dialog.getByRole('alert').getByText('Europe/Rome').waitFor();
    await dialog.getByLabel(WORDS[language].day).fill(day);
    await dialog.getByLabel(WORDS[language].time).fill('11:45');
    await dialog.getByRole('button', { name: words.save }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.getByText(', 11:45').waitFor();
    const cells = await textsOf(row.getByRole('cell'));
    assert.ok(cells.includes('4'), cells.join(' | '));
    const sent = (await messagesOf(account)).messages.find((one) => one.name === name);
    assert.equal(sent?.credits, '4');
    await page.close();
  });
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`a message says what smart encoding would have saved (${language})`, async () => {
    const name = `Quoted ${language} ${Date.now()}`;
    const sendAt = new Date(Date.now() + 6 * 86_400_000).toISOString();
    // One typographic apostrophe makes it UCS-2.
    await schedule(account, { listId: arabic, name, text: `${'a'.repeat(90)}’`, sendAt });
    const page = await openWith(browsers[language], owner);
    await page.getByRole('tab', { name: WORDS[language].tab }).click();
    await page.getByRole('row').filter({ hasText: name }).getByText(name).click();
    await page.getByRole('dialog').getByText(SAVING[language]).waitFor();
    await check(page);
    await picture(page, `messages-saving-${language}-1400`);
    await page.close();
  });
}

const SAVING = {
  en: 'With smart encoding it would have taken 1 segment, and cost 2 credits less.',
  it: 'Con la codifica intelligente sarebbe bastato 1 segmento: 2 crediti in meno.',
};

/** What the dialog says, by language. */
const EDIT = {
  en: {
    edit: 'Edit',
    save: 'Save',
    same: '2 credits stay held for it.',
    cost: 'With this text it costs 4 credits. 2 credits are held for it now.',
  },
  it: {
    edit: 'Modifica',
    save: 'Salva',
    same: 'Restano bloccati 2 crediti.',
    cost: 'Con questo testo costa 4 crediti. Ora sono bloccati 2 crediti.',
  },
};
