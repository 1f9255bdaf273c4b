import { Stack } from '@mantine/core';
import { AutoRechargePanel } from '../recharge/AutoRechargePanel';
import type { Permissions } from '../session/permissions';
import { today } from '../time/period';
import { StatementPanel } from './StatementPanel';

/** What the account pays: its automatic recharge, and the bill of each month. */
export function BillingTab(props: {
  accountId: string;
  currencyCode: string;
  timeZone: string;
  can: Permissions;
  changes: number;
}) {
  const { accountId, timeZone, changes } = props;
  return (
    <Stack gap="md">
      <AutoRechargePanel
        accountId={accountId}
        timeZone={timeZone}
        currencyCode={props.currencyCode}
        mayChange={props.can.recharge}
        changes={changes}
      />
      <StatementPanel
        accountId={accountId}
        timeZone={timeZone}
        today={today(timeZone)}
        changes={changes}
      />
    </Stack>
  );
}
