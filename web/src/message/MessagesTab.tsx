import { Alert, Button, Group, Stack } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { creditsText } from '../number/credits';
import { Pending } from '../screen/Pending';
import { forgetDraft } from '../session/drafts';
import type { Permissions } from '../session/permissions';
import { goTo, useRoute } from '../session/route';
import { formatInstant } from '../time/format';
import { dayAt } from '../time/period';
import type { Confirmed } from './ConfirmDialog';
import { unsentDraft } from './draft';
import { OpenMessage } from './OpenMessage';
import { RecentPanel } from './RecentPanel';
import { ScheduledPanel } from './ScheduledPanel';

const Composer = lazy(async () => ({ default: (await import('./Composer')).Composer }));

/** An account's messages: one that is being written, those to come, and those so far. */
export function MessagesTab(props: {
  accountId: string;
  timeZone: string;
  can: Permissions;
  changes: number;
}) {
  const { t } = useTranslation();
  const { accountId, timeZone, can } = props;
  const [isWriting, write] = useState(can.send && unsentDraft(accountId) !== undefined);
  const { message } = useRoute();
  const [sent, setSent] = useState<Confirmed>();

  function finish(done?: Confirmed) {
    setSent(done);
    write(false);
  }

  return (
    <Stack gap="md">
      {sent && (
        <Alert
          color="teal"
          role="status"
          withCloseButton
          closeButtonLabel={t('action.dismiss')}
          onClose={() => setSent(undefined)}
        >
          {t(sent.sendAt ? 'compose.scheduled' : 'compose.sent', {
            count: sent.quote.recipientCount,
            credits: creditsText(t, sent.quote.credits),
            at: sent.sendAt && `${formatInstant(sent.sendAt, timeZone)} (${timeZone})`,
          })}
        </Alert>
      )}
      {can.send && !isWriting && (
        <Group>
          <Button
            onClick={() => {
              setSent(undefined);
              write(true);
            }}
          >
            {t('compose.write')}
          </Button>
        </Group>
      )}
      {isWriting && (
        <Suspense fallback={<Pending rows={6} />}>
          <Composer
            {...props}
            onSent={(done) => {
              forgetDraft(accountId);
              finish(done);
              // The calendar shows it.
              const month = done.sendAt && dayAt(done.sendAt, timeZone).slice(0, 7);
              if (month) goTo({ account: accountId, tab: 'messages', month });
            }}
            onClose={(discarded) => {
              if (discarded) forgetDraft(accountId);
              finish();
            }}
          />
        </Suspense>
      )}
      <ScheduledPanel {...props} />
      <RecentPanel accountId={accountId} timeZone={timeZone} changes={props.changes} />
      {message && <OpenMessage id={message} accountId={accountId} timeZone={timeZone} />}
    </Stack>
  );
}
