import { useSyncExternalStore } from 'react';
import { onAddress, platformHash, platformWords } from '../session/route';
import { FILTERS, type Filter, ORDERS, type Order } from './order';

/** What the table of all accounts shows. */
export interface View {
  filter: Filter;
  order: Order;
  /** Whether the order is turned round. */
  reversed: boolean;
  search: string;
}

/** The view of an address, such as `#/platform?show=runsOut&sort=name`. */
export function readView(hash: string): View {
  const words = platformWords(hash);
  return {
    filter: FILTERS.find((one) => one === words.get('show')) ?? 'all',
    order: ORDERS.find((one) => one === words.get('sort')) ?? 'runway',
    reversed: words.get('direction') === 'reverse',
    search: words.get('search')?.trim().slice(0, 200) ?? '',
  };
}

/** The address of a view. What is usual isn't in it. */
export function viewHash(view: View): string {
  const words = new URLSearchParams();
  if (view.filter !== 'all') words.set('show', view.filter);
  if (view.order !== 'runway') words.set('sort', view.order);
  if (view.reversed) words.set('direction', 'reverse');
  if (view.search) words.set('search', view.search);
  return platformHash('accounts', words);
}

/** The view of the page's address. */
export function useView(): View {
  return readView(useSyncExternalStore(onAddress, () => location.hash));
}
