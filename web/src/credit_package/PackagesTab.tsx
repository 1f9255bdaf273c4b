import { Stack } from '@mantine/core';
import type { Permissions } from '../session/permissions';
import { PackagesPanel } from './PackagesPanel';
import { PurchasesPanel } from './PurchasesPanel';

/** The packages for sale, and what was bought. */
export function PackagesTab(props: {
  accountId: string;
  currencyCode: string;
  timeZone: string;
  can: Permissions;
  changes: number;
}) {
  const { accountId, can } = props;
  return (
    <Stack gap="md">
      <PackagesPanel
        accountId={accountId}
        currencyCode={props.currencyCode}
        mayPurchase={can.purchase}
      />
      {can.report && (
        <PurchasesPanel accountId={accountId} timeZone={props.timeZone} changes={props.changes} />
      )}
    </Stack>
  );
}
