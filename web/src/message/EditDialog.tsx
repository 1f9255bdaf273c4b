import { Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import type { Channel } from '../generated/graphql';
import { creditsText } from '../number/credits';
import { MessageText } from '../quote/MessageFields';
import { useQuote } from '../quote/useQuote';
import { FormDialog } from '../screen/FormDialog';
import { received, type UserError } from '../screen/user_errors';
import { newIdempotencyKey } from '../session/idempotency_key';
import type { Permissions } from '../session/permissions';
import { type MessageDraft, newDraft } from './draft';
import { atFields, missing, type Problems } from './problems';
import { refusalsOf } from './refusals';
import { SendTime } from './SendTime';
import { fieldsOf, readSendAt } from './send_at';

const UPDATE = graphql(`
  mutation UpdateMessage($input: UpdateMessageInput!) {
    updateMessage(input: $input) {
      message {
        id
        name
        text
        sendAt
        recipientCount
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

interface Scheduled {
  id: string;
  name?: string | null;
  text?: string | null;
  sendAt: string;
  credits: string;
  channel: Channel;
  list?: { id: string } | null;
}

/** Changes the name, the text and the time of a scheduled message, and shows what it then costs. */
export function EditDialog(props: {
  accountId: string;
  message: Scheduled;
  timeZone: string;
  can: Permissions;
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { accountId, message, timeZone, can, onClose } = props;
  const [before] = useState<MessageDraft>(() => ({
    ...newDraft(),
    name: message.name ?? '',
    text: message.text ?? '',
    listId: message.list?.id ?? null,
    withImage: message.channel === 'MMS',
    when: 'later',
    ...fieldsOf(message.sendAt, timeZone),
  }));
  const [draft, setDraft] = useState(before);
  // Another key for another change: a repeated click changes the message once.
  const [idempotencyKey, setKey] = useState(before.idempotencyKey);
  const [problems, setProblems] = useState<Problems>({});
  const [refusal, setRefusal] = useState<string>();
  const [settled] = useDebouncedValue(draft, 400);
  const [{ error, fetching }, update] = useMutation(UPDATE);
  const hasText = message.text != null;
  const isRewritten = draft.text !== before.text;
  const isMoved = draft.day !== before.day || draft.time !== before.time;
  const isRenamed = draft.name.trim() !== '' && draft.name !== before.name;
  const listId = isRewritten ? before.listId : null;
  const answer = useQuote({
    accountId,
    audience: listId ? { listId } : undefined,
    draft: settled,
    can,
    changes: 0,
  });
  const refused = atFields(t, refusalsOf(answer.error), settled);
  const shown = { ...refused.fields, ...problems };
  const quote = isRewritten ? answer.data?.quote : undefined;
  const isReady = !listId || (draft === settled && !answer.fetching);

  function change(part: Partial<MessageDraft>) {
    setDraft((known) => ({ ...known, ...part }));
    setKey(newIdempotencyKey());
    setProblems({});
    setRefusal(undefined);
  }

  async function submit() {
    const found = missing(t, { ...draft, listId: before.listId ?? 'none' }, timeZone);
    if (!hasText) delete found.text;
    if (!isMoved) delete found.sendAt;
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    const at = readSendAt(draft.day, draft.time, timeZone);
    const input = {
      messageId: message.id,
      ...(isRenamed && { name: draft.name.trim() }),
      ...(isRewritten && { text: draft.text }),
      ...(isMoved && 'instant' in at && { sendAt: at.instant }),
      // What is shown is what it may cost.
      ...(quote && { maxCredits: quote.credits }),
      idempotencyKey,
    };
    const { data } = await update({ input });
    if (!data) return;
    const { userErrors } = data.updateMessage;
    if (userErrors.length === 0) onClose();
    else refuse(userErrors);
  }

  function refuse(errors: readonly (UserError & { code: string })[]) {
    if (errors.some(({ field }) => field?.includes('maxCredits'))) {
      setRefusal(t('compose.costChanged'));
      answer.ask({ requestPolicy: 'network-only' });
      return;
    }
    const missingCredits = errors.some(({ code }) => code === 'INSUFFICIENT_CREDITS');
    const { fields, elsewhere } = atFields(t, received(errors), draft);
    setProblems(missingCredits ? {} : fields);
    const rest = missingCredits ? received(errors) : elsewhere;
    setRefusal(rest.map((one) => one.message).join(' ') || undefined);
  }

  return (
    <FormDialog
      title={t('scheduled.editTitle')}
      action={t('action.save')}
      busy={fetching}
      disabled={!isReady || !(isRewritten || isMoved || isRenamed)}
      error={error}
      problem={refusal}
      onSubmit={submit}
      onClose={onClose}
    >
      <Stack gap="md">
        <TextInput
          label={t('compose.name')}
          description={t('compose.nameMeaning')}
          attributes={{ input: { dir: 'auto' } }}
          maxLength={200}
          value={draft.name}
          error={shown.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        {hasText && (
          <MessageText
            listId={can.report ? before.listId : null}
            text={draft.text}
            error={shown.text}
            onChange={(text) => change({ text })}
          />
        )}
        <SendTime
          timeZone={timeZone}
          draft={draft}
          error={shown.sendAt}
          isLater
          onChange={change}
        />
        <Text size="sm" role="status" data-figure="change">
          {quote
            ? t('scheduled.newCost', {
                credits: creditsText(t, quote.credits),
                held: creditsText(t, message.credits),
              })
            : isRewritten && !before.listId
              ? t('scheduled.sameRecipients', { held: creditsText(t, message.credits) })
              : t('scheduled.sameCost', { held: creditsText(t, message.credits) })}
        </Text>
      </Stack>
    </FormDialog>
  );
}
