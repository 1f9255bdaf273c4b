import { useSyncExternalStore } from 'react';
import type { Permissions } from './permissions';

/** What the page shows, stored in the address so that reloading and the back button work. */
export interface Route {
  account?: string;
  tab: Tab;
}

export const TABS = ['credits', 'limits', 'usage', 'quote', 'packages', 'billing'] as const;
export type Tab = (typeof TABS)[number];

/** The parts of an account that a role has something to do with. */
export function tabsOf(can: Permissions): readonly Tab[] {
  const needed: Record<Tab, boolean> = {
    credits: true,
    limits: can.allocate,
    usage: can.report,
    quote: true,
    packages: can.report,
    billing: can.report,
  };
  return TABS.filter((tab) => needed[tab]);
}

export function parseRoute(hash: string): Route {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const tab = TABS.find((known) => known === words.get('tab')) ?? 'credits';
  return { account: words.get('account') || undefined, tab };
}

export function routeHash(route: Route): string {
  const words = new URLSearchParams();
  if (route.account) words.set('account', route.account);
  if (route.tab !== 'credits') words.set('tab', route.tab);
  return `#${words}`;
}

export function goTo(route: Route): void {
  location.hash = routeHash(route);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return parseRoute(hash);
}

function subscribe(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}
