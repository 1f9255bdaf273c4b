import { isZero } from '../number/decimal';
import type { Account } from './accounts';

/** The figures by which accounts are sorted. */
export const ORDERS = [
  'name',
  'runway',
  'available',
  'expiring',
  'spentThisMonth',
  'activity',
] as const;
export type Order = (typeof ORDERS)[number];

/** The accounts that need a look. */
export const FILTERS = ['all', 'runsOut', 'expiring', 'rechargeStopped'] as const;
export type Filter = (typeof FILTERS)[number];

/** The days in which an account that runs out needs a call. */
const SOON = 30;

/** Whether an account passes a filter. */
export function passes(account: Account, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'runsOut':
      return (account.forecast.runwayDays ?? Number.POSITIVE_INFINITY) <= SOON;
    case 'expiring':
      return !isZero(account.forecast.expiringInThirtyDays);
    case 'rechargeStopped':
      return account.autoRecharge.enabled && account.autoRecharge.suspendedReason != null;
  }
}

/**
 * The accounts in an order, or in the reverse: what needs a look first, those that are alike by
 * name.
 */
export function sorted(
  accounts: readonly Account[],
  { order, reversed }: { order: Order; reversed: boolean },
  locale: string,
): Account[] {
  const byName = new Intl.Collator(locale, { numeric: true });
  const names = (one: Account, other: Account) => byName.compare(one.name, other.name);
  const sign = reversed ? -1 : 1;
  const rank = RANKS[order];
  if (!rank) return accounts.toSorted((one, other) => sign * names(one, other));
  return accounts.toSorted((one, other) => sign * (rank(one) - rank(other)) || names(one, other));
}

/** Smaller ranks come first. Floats are exact enough to sort by. */
const RANKS: Record<Order, ((account: Account) => number) | undefined> = {
  name: undefined,
  runway: ({ forecast }) => forecast.runwayDays ?? Number.MAX_SAFE_INTEGER,
  available: ({ balance }) => Number(balance.available),
  expiring: ({ forecast }) => -Number(forecast.expiringInThirtyDays),
  spentThisMonth: ({ forecast }) => -Number(forecast.usedThisMonth),
  activity: ({ ledgerHead }) => -(ledgerHead.at ? Date.parse(ledgerHead.at) : 0),
};
