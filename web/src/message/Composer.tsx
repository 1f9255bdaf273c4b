import { Button, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DraftSegments } from '../quote/DraftSegments';
import { MessageFields } from '../quote/MessageFields';
import { QuoteFigures } from '../quote/QuoteFigures';
import { useQuote } from '../quote/useQuote';
import { Nothing } from '../screen/Nothing';
import { Panel } from '../screen/Panel';
import type { UserError } from '../screen/user_errors';
import type { Permissions } from '../session/permissions';
import { ConfirmDialog, type Confirmed } from './ConfirmDialog';
import { DiscardDialog } from './DiscardDialog';
import { audienceOf, isEmpty, keepDraft, type MessageDraft, newDraft, unsentDraft } from './draft';
import { atFields, missing, numbersProblem, type Problems } from './problems';
import { Recipients } from './Recipients';
import { refusalsOf } from './refusals';
import { SendTime } from './SendTime';
import { readSendAt } from './send_at';

interface Props {
  accountId: string;
  timeZone: string;
  can: Permissions;
  changes: number;
  onSent(sent: Confirmed): void;
  /** The draft stays if it isn't discarded. */
  onClose(discarded: boolean): void;
}

/** Writes a message, shows what it costs, and sends or schedules it. */
export function Composer({ accountId, timeZone, can, changes, onSent, onClose }: Props) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(() => unsentDraft(accountId) ?? newDraft());
  const [problems, setProblems] = useState<Problems>({});
  const [refusal, setRefusal] = useState<string>();
  const [isAsked, ask] = useState(false);
  const [confirmed, confirm] = useState<Confirmed>();
  const [isDiscarding, discard] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const [settled] = useDebouncedValue(draft, 400);

  const { to, listId, numbers, text, withImage, imageUrl, smartEncoding } = settled;
  const acceptLandlines = to === 'numbers' && settled.acceptLandlines;
  const audience = useMemo(() => audienceOf({ to, listId, numbers }), [to, listId, numbers]);
  const content = useMemo(
    () => ({ text, withImage, imageUrl, smartEncoding }),
    [text, withImage, imageUrl, smartEncoding],
  );
  const answer = useQuote({
    accountId,
    audience,
    acceptLandlines,
    draft: content,
    can,
    changes,
  });
  const refused = refusalsOf(answer.error);
  const quoted = atFields(t, refused, settled);
  const isAtFields = refused.length > 0 && quoted.elsewhere.length === 0;
  const unread = useMemo(
    () => (to === 'numbers' ? numbersProblem(t, numbers) : undefined),
    [t, to, numbers],
  );
  const shown: Problems = { ...quoted.fields, ...(unread && { numbers: unread }), ...problems };
  const isReady = draft === settled && !answer.fetching;

  useEffect(() => keepDraft(accountId, draft), [accountId, draft]);

  function change(part: Partial<MessageDraft>) {
    setDraft((known) => ({ ...known, ...part }));
    setProblems({});
    setRefusal(undefined);
    ask(false);
  }

  function review() {
    const found = missing(t, draft, timeZone);
    setProblems(found);
    setRefusal(undefined);
    if (Object.keys(found).length === 0) ask(true);
    else focusFirst();
  }

  /** Goes to the first field with a problem, once it shows it. */
  function focusFirst() {
    setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
  }

  // The cost is confirmed with the message, and may not be there yet when the button is pressed.
  const carryOn = useEffectEvent(() => {
    ask(false);
    const quote = answer.data?.quote;
    if (refused.length > 0) return focusFirst();
    if (!quote) return;
    if (quote.recipientCount === 0) return setRefusal(t('compose.nobody'));
    if (!quote.sufficient) return setRefusal(t('compose.insufficient'));
    let sendAt: string | undefined;
    if (draft.when === 'later') {
      const at = readSendAt(draft.day, draft.time, timeZone);
      // It has passed in the meantime. It is never sent now instead.
      if ('problem' in at) return review();
      sendAt = at.instant;
    }
    const node = answer.data?.node;
    confirm({
      draft,
      quote,
      listName: node?.__typename === 'ContactList' ? node.name : undefined,
      sendAt,
    });
  });
  useEffect(() => {
    if (isAsked && isReady) carryOn();
  }, [isAsked, isReady]);

  function takeBack(errors: readonly UserError[]) {
    const { fields, elsewhere } = atFields(t, errors, draft);
    confirm(undefined);
    setProblems(fields);
    setRefusal(elsewhere.map(({ message }) => message).join(' ') || undefined);
    answer.ask({ requestPolicy: 'network-only' });
    focusFirst();
  }

  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: 'start' }}>
      <Panel title={t('compose.title')}>
        <form
          ref={form}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            review();
          }}
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
            <Recipients accountId={accountId} draft={draft} problems={shown} onChange={change} />
            <MessageFields
              listId={draft.to === 'list' && can.report ? draft.listId : null}
              draft={draft}
              error={shown.text}
              onChange={change}
            />
            {draft.withImage && (
              <TextInput
                type="url"
                label={t('compose.image')}
                placeholder="https://"
                value={draft.imageUrl}
                error={shown.image}
                onChange={(event) => change({ imageUrl: event.currentTarget.value })}
              />
            )}
            <SendTime timeZone={timeZone} draft={draft} error={shown.sendAt} onChange={change} />
            {refusal && (
              <Text size="sm" c="red" role="alert">
                {refusal}
              </Text>
            )}
            <Group gap="sm" justify="flex-end">
              <Button
                variant="subtle"
                color="red"
                disabled={isEmpty(draft)}
                onClick={() => discard(true)}
              >
                {t('compose.discard')}
              </Button>
              <Button variant="default" onClick={() => onClose(isEmpty(draft))}>
                {t('action.close')}
              </Button>
              <Button type="submit" loading={isAsked && !isReady}>
                {draft.when === 'later' ? t('compose.reviewSchedule') : t('compose.reviewSend')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Panel>
      <Stack gap="md">
        {audience && !isAtFields ? (
          <QuoteFigures accountId={accountId} answer={answer} draft={content} can={can} />
        ) : (
          <>
            <Panel title={t('quote.cost')}>
              <Nothing>
                {audience || unread ? t('compose.fixFirst') : t('compose.chooseRecipients')}
              </Nothing>
            </Panel>
            {!shown.text && !shown.image && (
              <Panel title={t('segments.title')}>
                <DraftSegments draft={content} toWhom={t('segments.chooseRecipients')} />
              </Panel>
            )}
          </>
        )}
      </Stack>
      {confirmed && (
        <ConfirmDialog
          accountId={accountId}
          timeZone={timeZone}
          confirmed={confirmed}
          onKey={(idempotencyKey) => setDraft((known) => ({ ...known, idempotencyKey }))}
          onRefused={takeBack}
          onSent={() => onSent(confirmed)}
          onClose={() => confirm(undefined)}
        />
      )}
      {isDiscarding && (
        <DiscardDialog onDiscard={() => onClose(true)} onClose={() => discard(false)} />
      )}
    </SimpleGrid>
  );
}
