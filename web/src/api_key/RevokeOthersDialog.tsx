import { Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { FormDialog } from '../screen/FormDialog';
import { otherErrors, received, type UserError } from '../screen/user_errors';

const REVOKE_OTHERS = graphql(`
  mutation RevokeOtherApiKeys($input: RevokeOtherApiKeysInput!) {
    revokeOtherApiKeys(input: $input) {
      revokedCount
      userErrors {
        field
        message
      }
    }
  }
`);

/** Revokes every key but the one in use, after asking. */
export function RevokeOthersDialog(props: { accountId?: string; onClose(): void }) {
  const { t } = useTranslation();
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, revoke] = useMutation(REVOKE_OTHERS);

  async function submit() {
    const { data } = await revoke({ input: { accountId: props.accountId } });
    if (!data) return;
    const { userErrors } = data.revokeOtherApiKeys;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) props.onClose();
  }

  return (
    <FormDialog
      title={t('keys.revokeOthers')}
      action={t('keys.revokeOthers')}
      destructive
      busy={fetching}
      error={error}
      problem={otherErrors(refusals)}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <Text size="sm">
        {props.accountId ? t('keys.revokeOthersMeaning') : t('keys.revokeOthersOfPlatform')}
      </Text>
    </FormDialog>
  );
}
