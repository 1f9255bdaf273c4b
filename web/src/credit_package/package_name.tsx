import type { TFunction } from 'i18next';

/** The package of a payment, and whether the account bought it by itself. */
export function packageName(
  t: TFunction,
  payment: { package?: { name: string } | null; automatic: boolean },
) {
  return (
    <>
      <bdi>{payment.package?.name ?? '—'}</bdi>
      {payment.automatic && ` (${t('purchases.automatic')})`}
    </>
  );
}
