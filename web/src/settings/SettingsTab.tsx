import { Stack } from '@mantine/core';
import { KeysPanel } from '../api_key/KeysPanel';
import { MonthlyReportsPanel } from '../monthly_report/MonthlyReportsPanel';
import type { Permissions } from '../session/permissions';
import { GeneralPanel } from './GeneralPanel';

/** An account's settings, its API keys and its monthly reports. */
export function SettingsTab(props: { accountId: string; timeZone: string; can: Permissions }) {
  const { accountId, timeZone, can } = props;
  return (
    <Stack gap="md">
      <GeneralPanel accountId={accountId} mayChange={can.settings} />
      {can.oversee && (
        <KeysPanel
          accountId={accountId}
          timeZone={timeZone}
          mayChange={can.settings}
          maySend={can.administer}
        />
      )}
      <MonthlyReportsPanel accountId={accountId} timeZone={timeZone} mayChange={can.oversee} />
    </Stack>
  );
}
