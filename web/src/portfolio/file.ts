import type { Account } from './accounts';

const HEADER = [
  'account',
  'id',
  'available',
  'held',
  'runwayDays',
  'runsOutOn',
  'expiringInThirtyDays',
  'usedThisMonth',
  'usedLastMonth',
  'lastEntryAt',
  'autoRecharge',
];

/** The accounts as a CSV file, with plain numbers and ISO dates. */
export function writePortfolio(accounts: readonly Account[]): string {
  const lines = accounts.map(({ id, name, balance, forecast, ledgerHead, autoRecharge }) =>
    [
      text(name),
      id,
      balance.available,
      balance.held,
      forecast.runwayDays ?? '',
      forecast.runsOutOn ?? '',
      forecast.expiringInThirtyDays,
      forecast.usedThisMonth,
      forecast.usedLastMonth,
      ledgerHead.at ?? '',
      autoRecharge.enabled ? (autoRecharge.suspendedReason ? 'stopped' : 'on') : 'off',
    ].join(),
  );
  return `\ufeff${[HEADER.join(), ...lines].join('\r\n')}\r\n`;
}

/** A name in quotes. A spreadsheet takes one that begins like a formula for one, unless told. */
function text(name: string): string {
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return `"${safe.replaceAll('"', '""')}"`;
}
