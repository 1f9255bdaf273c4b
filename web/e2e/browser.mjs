// @ts-check
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** The address of the running server. */
export const SERVER = required('MESSAGE_CREDITS_URL').replace(/\/$/, '');

/** A key that sees accounts and may set their limits. */
export const KEY = required('DEMO_KEY');

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The system's Chromium with a profile of its own, and a list of forbidden actions of pages:
 * requests to other origins, and console messages.
 * @param {string} [locale] the reader's language
 */
export async function openBrowser(locale = 'en-GB') {
  const profile = await mkdtemp(join(tmpdir(), 'message-credits-e2e-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
    acceptDownloads: true,
    locale,
    colorScheme: 'light',
    viewport: { width: 1400, height: 900 },
  });
  /** @type {string[]} */
  const offences = [];
  const origin = new URL(SERVER).origin;
  /** @param {string} address */
  const visit = (address) => {
    const url = new URL(address);
    const own = url.origin.replace(/^ws/, 'http') === origin;
    if (!own && !['data:', 'blob:', 'about:'].includes(url.protocol)) {
      offences.push(`request to ${address}`);
    }
  };
  context.on('request', (request) => visit(request.url()));
  context.on('console', (message) => {
    // Browsers request this if a page names no icon; the payment page names none.
    if (message.location().url.endsWith('/favicon.ico')) return;
    // GraphiQL's editor writes which of its workers starts.
    const isEditor = message.page()?.url().endsWith('/graphiql');
    if (isEditor && message.type() !== 'error') return;
    offences.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => offences.push(`exception: ${error.error().message}`));
  context.on('page', (page) => page.on('websocket', (socket) => visit(socket.url())));
  context.setDefaultTimeout(15_000);

  return {
    offences,
    /** A new tab with a session of its own. */
    newPage: () => context.newPage(),
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** @param {string} name */
function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`Set ${name}: the browser test needs a running server and a key.`);
    process.exit(2);
  }
  return value;
}
