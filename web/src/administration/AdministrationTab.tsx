import { Stack } from '@mantine/core';
import type { Permissions } from '../session/permissions';
import { GrantsPanel } from './GrantsPanel';
import { PaymentsPanel } from './PaymentsPanel';
import { TermsPanel } from './TermsPanel';

/** What the platform decides about one account. */
export function AdministrationTab(props: {
  accountId: string;
  currencyCode: string;
  timeZone: string;
  can: Permissions;
  changes: number;
}) {
  const { accountId, currencyCode, timeZone, can, changes } = props;
  return (
    <Stack gap="md">
      <GrantsPanel accountId={accountId} timeZone={timeZone} changes={changes} />
      <TermsPanel accountId={accountId} mayChange={can.administer} currencyCode={currencyCode} />
      <PaymentsPanel accountId={accountId} timeZone={timeZone} mayChange={can.administer} />
    </Stack>
  );
}
