import { Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { FormDialog } from '../screen/FormDialog';
import { otherErrors, received, type UserError } from '../screen/user_errors';

const REVOKE = graphql(`
  mutation RevokeApiKey($input: RevokeApiKeyInput!) {
    revokeApiKey(input: $input) {
      id
      userErrors {
        field
        message
      }
    }
  }
`);

/** Revokes a key, after asking. */
export function RevokeDialog(props: { apiKey: { id: string; name: string }; onClose(): void }) {
  const { t } = useTranslation();
  const { id, name } = props.apiKey;
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, revoke] = useMutation(REVOKE);

  async function submit() {
    const { data } = await revoke({ input: { id } });
    if (!data) return;
    const { userErrors } = data.revokeApiKey;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) props.onClose();
  }

  return (
    <FormDialog
      title={t('keys.revokeTitle', { name })}
      action={t('keys.revoke')}
      destructive
      busy={fetching}
      error={error}
      problem={otherErrors(refusals)}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <Text size="sm">{t('keys.revokeMeaning')}</Text>
    </FormDialog>
  );
}
