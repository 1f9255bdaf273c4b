import { Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { creditsText } from '../number/credits';
import { FormDialog } from '../screen/FormDialog';
import { errorsAt, received, type UserError } from '../screen/user_errors';
import { newIdempotencyKey } from '../session/idempotency_key';
import { formatInstant } from '../time/format';
import { titleOf } from './title';

const CANCEL = graphql(`
  mutation CancelMessage($input: CancelMessageInput!) {
    cancelMessage(input: $input) {
      message {
        id
        status
        ...HeldMessage
      }
      balance {
        ...BalanceFigures
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

/** Confirms that a scheduled message isn't sent, and says how many credits come free. */
export function CancelDialog(props: {
  message: {
    id: string;
    name?: string | null;
    text?: string | null;
    sendAt: string;
    credits: string;
  };
  timeZone: string;
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { message, timeZone, onClose } = props;
  // One key per dialog: clicking twice, or again after a lost response, cancels once.
  const [idempotencyKey] = useState(newIdempotencyKey);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, cancel] = useMutation(CANCEL);

  async function submit() {
    setRefusals([]);
    const { data } = await cancel({ input: { messageId: message.id, idempotencyKey } });
    if (!data) return;
    const { userErrors } = data.cancelMessage;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('scheduled.cancelTitle')}
      action={t('scheduled.cancel')}
      keep={t('scheduled.keep')}
      destructive
      busy={fetching}
      error={error}
      problem={errorsAt(refusals).elsewhere}
      onSubmit={submit}
      onClose={onClose}
    >
      <Stack gap="xs">
        <Text fw={600} dir="auto">
          {titleOf(t, message)}
        </Text>
        <Text size="sm">
          {t('scheduled.cancelMeaning', {
            at: formatInstant(message.sendAt, timeZone),
            zone: timeZone,
            credits: creditsText(t, message.credits),
          })}
        </Text>
      </Stack>
    </FormDialog>
  );
}
