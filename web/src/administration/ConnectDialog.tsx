import { Button, Group, PasswordInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';

const CONNECT = graphql(`
  mutation ConnectPayments($input: ConnectPaymentsInput!) {
    connectPayments(input: $input) {
      paymentConnection {
        status
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** The most credentials that the server takes. */
const MOST = 20;

/** Connects the account to its shop or customer at the payment provider. */
export function ConnectDialog(props: { accountId: string; merchantId: string; onClose(): void }) {
  const { t } = useTranslation();
  const [merchantId, setMerchantId] = useState(props.merchantId);
  const [credentials, setCredentials] = useState<{ name: string; value: string }[]>([]);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, connect] = useMutation(CONNECT);

  function edit(index: number, change: { name?: string; value?: string }) {
    setCredentials((all) =>
      all.map((one, place) => (place === index ? { ...one, ...change } : one)),
    );
  }

  async function submit() {
    setRefusals([]);
    const { data } = await connect({
      input: { accountId: props.accountId, merchantId: merchantId.trim(), credentials },
    });
    if (!data) return;
    const { userErrors } = data.connectPayments;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) props.onClose();
  }

  return (
    <FormDialog
      title={t('connection.connect')}
      action={t('connection.connect')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'merchantId', 'credentials')}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <TextInput
        label={t('connection.merchant')}
        description={t('connection.merchantMeaning')}
        autoComplete="off"
        data-autofocus
        value={merchantId}
        error={errorsUnder(refusals, 'merchantId')}
        onChange={(event) => setMerchantId(event.currentTarget.value)}
      />
      <Text size="xs" c="dimmed">
        {t('connection.credentialsMeaning')}
      </Text>
      {credentials.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows have no other name yet.
        <Group key={index} align="end" gap="sm" grow>
          <TextInput
            label={t('connection.credential', { index: index + 1 })}
            autoComplete="off"
            value={one.name}
            onChange={(event) => edit(index, { name: event.currentTarget.value })}
          />
          <PasswordInput
            label={t('connection.credentialValue', { index: index + 1 })}
            autoComplete="off"
            value={one.value}
            onChange={(event) => edit(index, { value: event.currentTarget.value })}
          />
        </Group>
      ))}
      {errorsUnder(refusals, 'credentials') && (
        <Text size="sm" c="red" role="alert">
          {errorsUnder(refusals, 'credentials')}
        </Text>
      )}
      {credentials.length < MOST && (
        <Group>
          <Button
            size="xs"
            variant="default"
            onClick={() => setCredentials((all) => [...all, { name: '', value: '' }])}
          >
            {t('connection.addCredential')}
          </Button>
        </Group>
      )}
    </FormDialog>
  );
}
