import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../generated';
import type { PaymentConnectionStatus } from '../generated/graphql';
import { Failure } from '../screen/Failure';
import { Figures } from '../screen/Figures';
import { FormDialog } from '../screen/FormDialog';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { otherErrors, received, type UserError } from '../screen/user_errors';
import { formatInstant } from '../time/format';
import { ConnectDialog } from './ConnectDialog';

const CONNECTION = graphql(`
  query PaymentConnection($accountId: ID!) {
    account(id: $accountId) {
      id
      paymentConnection {
        provider
        merchantId
        status
        connectedAt
      }
    }
  }
`);

const DISCONNECT = graphql(`
  mutation DisconnectPayments($input: DisconnectPaymentsInput!) {
    disconnectPayments(input: $input) {
      account {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);

const COLORS: Record<PaymentConnectionStatus, string> = {
  ACTIVE: 'teal',
  FROZEN: 'yellow',
  UNAUTHORIZED: 'red',
  UNINSTALLED: 'red',
};

/** The account's connection to the payment provider. */
export function PaymentsPanel(props: { accountId: string; timeZone: string; mayChange: boolean }) {
  const { t } = useTranslation();
  const { accountId, timeZone } = props;
  const [open, setOpen] = useState<'connect' | 'disconnect'>();
  const [{ data, error, fetching }, ask] = useQuery({
    query: CONNECTION,
    variables: { accountId },
  });
  const account = data?.account;
  const connection = account?.paymentConnection;

  function close() {
    setOpen(undefined);
    ask({ requestPolicy: 'network-only' });
  }

  const buttons = props.mayChange && account && (
    <Group gap="xs">
      {connection && (
        <Button size="xs" variant="default" onClick={() => setOpen('disconnect')}>
          {t('connection.disconnect')}
        </Button>
      )}
      <Button size="xs" variant="default" onClick={() => setOpen('connect')}>
        {connection ? t('connection.replace') : t('connection.connect')}
      </Button>
    </Group>
  );

  return (
    <Panel title={t('connection.title')} aside={buttons}>
      {error && <Failure error={error} onRetry={ask} />}
      {!account && fetching && <Pending />}
      {account && !connection && (
        <Text size="sm" c="dimmed">
          {t('connection.none')}
        </Text>
      )}
      {connection && (
        <Stack gap="sm">
          <Group gap="xs">
            <Badge color={COLORS[connection.status]} variant="light">
              {t(`connection.status.${connection.status}`)}
            </Badge>
            <Text size="sm">{t(`connection.statusMeaning.${connection.status}`)}</Text>
          </Group>
          <Figures
            figures={[
              [t('connection.provider'), connection.provider],
              [t('connection.merchant'), connection.merchantId],
              [t('connection.since'), formatInstant(connection.connectedAt, timeZone)],
            ]}
          />
        </Stack>
      )}
      {open === 'connect' && (
        <ConnectDialog
          accountId={accountId}
          merchantId={connection?.merchantId ?? ''}
          onClose={close}
        />
      )}
      {open === 'disconnect' && <DisconnectDialog accountId={accountId} onClose={close} />}
    </Panel>
  );
}

/** Removes the connection, after asking. */
function DisconnectDialog({ accountId, onClose }: { accountId: string; onClose(): void }) {
  const { t } = useTranslation();
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, disconnect] = useMutation(DISCONNECT);

  async function submit() {
    const { data } = await disconnect({ input: { accountId } });
    if (!data) return;
    const { userErrors } = data.disconnectPayments;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('connection.disconnect')}
      action={t('connection.disconnect')}
      destructive
      busy={fetching}
      error={error}
      problem={otherErrors(refusals)}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text size="sm">{t('connection.disconnectMeaning')}</Text>
    </FormDialog>
  );
}
