import { Alert, Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { creditsText } from '../number/credits';
import { formatCount, formatMoney } from '../number/decimal';
import { mediaOf } from '../quote/draft';
import type { Quote } from '../quote/useQuote';
import { Figures } from '../screen/Figures';
import { FormDialog } from '../screen/FormDialog';
import { received, type UserError } from '../screen/user_errors';
import { newIdempotencyKey } from '../session/idempotency_key';
import { formatInstant } from '../time/format';
import { audienceOf, type MessageDraft } from './draft';

export const NEW_MESSAGE = graphql(`
  fragment NewMessage on Message {
    id
    name
    status
    sendAt
    recipientCount
    ...HeldMessage
  }
`);

const SEND = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
      message {
        ...NewMessage
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

const SCHEDULE = graphql(`
  mutation ScheduleMessage($input: ScheduleMessageInput!) {
    scheduleMessage(input: $input) {
      message {
        ...NewMessage
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

/** A draft as it is to be sent, and what that costs. */
export interface Confirmed {
  draft: MessageDraft;
  quote: Quote;
  listName?: string;
  /** The instant for which it is scheduled; it is sent now if there is none. */
  sendAt?: string;
}

interface Props {
  accountId: string;
  timeZone: string;
  confirmed: Confirmed;
  /** The draft is to be sent under another key. */
  onKey(idempotencyKey: string): void;
  /** The server refuses something of the draft. */
  onRefused(errors: readonly UserError[]): void;
  onSent(): void;
  onClose(): void;
}

/**
 * Repeats what is sent, to whom, when and for how much, and sends or schedules it. What is shown is
 * what is sent: trying again after a lost response sends the same, under the same key.
 */
export function ConfirmDialog(props: Props) {
  const { t } = useTranslation();
  const { accountId, timeZone } = props;
  const { draft, quote, listName, sendAt } = props.confirmed;
  const [idempotencyKey, setKey] = useState(draft.idempotencyKey);
  const [refusal, setRefusal] = useState<string>();
  const [isUsed, setUsed] = useState(false);
  const [sending, send] = useMutation(SEND);
  const [scheduling, schedule] = useMutation(SCHEDULE);
  const { error, fetching } = sendAt ? scheduling : sending;

  async function submit(key: string) {
    setRefusal(undefined);
    const to =
      draft.to === 'list'
        ? { listId: draft.listId }
        : { audience: audienceOf(draft), acceptLandlines: draft.acceptLandlines };
    const input = {
      accountId,
      ...to,
      name: draft.name.trim() || undefined,
      text: draft.text,
      media: mediaOf(draft),
      smartEncoding: draft.smartEncoding,
      // What is confirmed is a cost, too.
      maxCredits: quote.credits,
      idempotencyKey: key,
    };
    const answer = sendAt
      ? (await schedule({ input: { ...input, sendAt } })).data?.scheduleMessage
      : (await send({ input })).data?.sendMessage;
    if (!answer) return;
    const { userErrors } = answer;
    if (userErrors.length === 0) return props.onSent();
    const own = userErrors.filter(({ code }) => code === 'IDEMPOTENCY_KEY_REUSED');
    setUsed(own.length > 0);
    if (own.length > 0) return;
    if (userErrors.some(({ field }) => field?.includes('maxCredits'))) {
      setRefusal(t('compose.costChanged'));
    } else {
      // Missing credits are no mistake in the choice of the list that pays.
      const errors = userErrors.map((one) =>
        one.code === 'INSUFFICIENT_CREDITS' ? { ...one, field: null } : one,
      );
      props.onRefused(received(errors));
    }
  }

  function sendAsNew() {
    const key = newIdempotencyKey();
    setKey(key);
    setUsed(false);
    props.onKey(key);
    void submit(key);
  }

  const segments = quote.distribution.map(({ segmentCount }) => segmentCount);
  const fewest = Math.min(...segments);
  const most = Math.max(...segments);
  const action = sendAt ? t('compose.schedule') : t('compose.send');
  return (
    <FormDialog
      title={sendAt ? t('compose.scheduleTitle') : t('compose.sendTitle')}
      keep={t('compose.back')}
      action={error ? t('failure.retry') : action}
      busy={fetching}
      disabled={isUsed}
      error={error}
      problem={refusal}
      onSubmit={() => submit(idempotencyKey)}
      onClose={props.onClose}
    >
      {error?.networkError && (
        <Text size="sm">{sendAt ? t('compose.unknownScheduled') : t('compose.unknownSent')}</Text>
      )}
      {isUsed && (
        <Alert color="yellow" role="alert">
          <Stack gap="xs" align="start">
            <Text size="sm">{t('compose.alreadySent')}</Text>
            <Button size="xs" variant="default" onClick={sendAsNew}>
              {t('compose.sendAsNew')}
            </Button>
          </Stack>
        </Alert>
      )}
      {draft.name.trim() !== '' && (
        <Text fw={600} dir="auto">
          {draft.name}
        </Text>
      )}
      <Text size="sm" className="pre-wrap" dir="auto" lineClamp={6}>
        {draft.text}
      </Text>
      <Figures
        figures={[
          [t('column.recipients'), formatCount(quote.recipientCount)],
          [
            t('column.segmentsEach'),
            fewest === most
              ? formatCount(most)
              : t('compose.range', { fewest: formatCount(fewest), most: formatCount(most) }),
          ],
          [t('column.credits'), creditsText(t, quote.credits)],
          [t('column.cost'), formatMoney(quote.cost)],
        ]}
      />
      <Figures
        columns={2}
        figures={[
          [
            t('column.when'),
            sendAt ? `${formatInstant(sendAt, timeZone)} (${timeZone})` : t('compose.now'),
          ],
          [t('column.list'), listName ?? t('usage.noList')],
        ]}
      />
    </FormDialog>
  );
}
