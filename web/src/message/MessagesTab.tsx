import { Stack } from '@mantine/core';
import type { Permissions } from '../session/permissions';
import { ScheduledPanel } from './ScheduledPanel';

/** An account's messages: those to come, a calendar of them, and those so far. */
export function MessagesTab(props: {
  accountId: string;
  timeZone: string;
  can: Permissions;
  changes: number;
}) {
  return (
    <Stack gap="md">
      <ScheduledPanel {...props} />
    </Stack>
  );
}
