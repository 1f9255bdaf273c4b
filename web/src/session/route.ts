import { useSyncExternalStore } from 'react';
import type { Permissions } from './permissions';

/** What the page shows, stored in the address so that reloading and the back button work. */
export interface Route {
  account?: string;
  tab: Tab;
  /**
   * The period that the usage tab or the history shows, as its word. If there is none, usage has the
   * usual one, and the history has all time.
   */
  period?: string;
  /** The interval of the usage tab, as its word; the usual one of the period if there is none. */
  by?: string;
  /**
   * The list, the country, the channel, the API key and whom it acted for, to which the usage tab is
   * restricted; all if left out.
   */
  list?: string;
  country?: string;
  channel?: string;
  key?: string;
  person?: string;
  /** The kind of entry to which the history is restricted, as its word; all if there is none. */
  kind?: string;
  /** The month of the calendar of scheduled messages, such as 2026-12, and the day chosen in it. */
  month?: string;
  day?: string;
  /** The message of the messages tab that is open, by its id. */
  message?: string;
}

/** The words that only some tabs have. */
const WORDS = {
  messages: ['month', 'day', 'message'],
  usage: ['period', 'by', 'list', 'country', 'channel', 'key', 'person'],
  history: ['kind', 'period'],
} as const;

type Word = (typeof WORDS)[keyof typeof WORDS][number];

function wordsOf(tab: Tab): readonly Word[] {
  return tab === 'messages' || tab === 'usage' || tab === 'history' ? WORDS[tab] : [];
}

export const TABS = [
  'credits',
  'messages',
  'limits',
  'usage',
  'history',
  'quote',
  'packages',
  'billing',
  'settings',
  'administration',
] as const;
export type Tab = (typeof TABS)[number];

/** The parts of an account that a role has something to do with. */
export function tabsOf(can: Permissions): readonly Tab[] {
  const needed: Record<Tab, boolean> = {
    credits: true,
    messages: can.report,
    limits: can.allocate,
    usage: can.report,
    history: can.report,
    quote: true,
    packages: can.report,
    billing: can.report,
    settings: can.report,
    administration: can.grant,
  };
  return TABS.filter((tab) => needed[tab]);
}

export function parseRoute(hash: string): Route {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const tab = TABS.find((known) => known === words.get('tab')) ?? 'credits';
  const word = (name: string) => words.get(name) || undefined;
  const route: Route = { account: word('account'), tab };
  return { ...route, ...Object.fromEntries(wordsOf(tab).map((name) => [name, word(name)])) };
}

export function routeHash(route: Route): string {
  const words = new URLSearchParams();
  if (route.account) words.set('account', route.account);
  if (route.tab !== 'credits') words.set('tab', route.tab);
  for (const name of wordsOf(route.tab)) {
    const word = route[name];
    if (word) words.set(name, word);
  }
  return `#${words}`;
}

export function goTo(route: Route): void {
  location.hash = routeHash(route);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(onAddress, () => location.hash);
  return parseRoute(hash);
}

/** The parts of the platform's own page, which has an address of its own: `#/platform/packages`. */
export const PLATFORM_PARTS = ['accounts', 'packages', 'rateCards', 'keys'] as const;
export type PlatformPart = (typeof PLATFORM_PARTS)[number];

/** The address of a part of the platform's page: the part, and words of its own. */
const PLATFORM = /^#\/platform(?:\/(\w*))?(?:\?(.*))?$/;

/** The part of the platform's page; undefined if the address is an account's. */
export function parsePlatform(hash: string): PlatformPart | undefined {
  const match = PLATFORM.exec(hash);
  if (!match) return undefined;
  return PLATFORM_PARTS.find((part) => part === match[1]) ?? 'accounts';
}

/** What a part of the platform's page shows, as words such as those of `?sort=name`. */
export function platformWords(hash: string): URLSearchParams {
  return new URLSearchParams(PLATFORM.exec(hash)?.[2]);
}

export function platformHash(part: PlatformPart, words = new URLSearchParams()): string {
  const path = part === 'accounts' ? '#/platform' : `#/platform/${part}`;
  return words.size > 0 ? `${path}?${words}` : path;
}

/** Changes the address without a step that the back button would go through. */
export function replaceHash(hash: string): void {
  history.replaceState(history.state, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function usePlatformPart(): PlatformPart | undefined {
  return parsePlatform(useSyncExternalStore(onAddress, () => location.hash));
}

/** Calls when the address has changed. Returns what ends the calls. */
export function onAddress(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}
