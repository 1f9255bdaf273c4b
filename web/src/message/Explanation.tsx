import { Badge, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { ExplainedMessageFragment } from '../generated/graphql';
import { creditsText } from '../number/credits';
import { formatMoney } from '../number/decimal';
import { DraftSegments } from '../quote/DraftSegments';
import { LinesTable } from '../quote/LinesTable';
import { formatInstant } from '../time/format';
import { MessageState } from './MessageState';
import { SmartSaving } from './SmartSaving';
import { titleOf } from './title';

export const EXPLAINED = graphql(`
  fragment ExplainedMessage on Message {
    id
    name
    text
    status
    sendAt
    sentAt
    channel
    encoding
    credits
    cost {
      amount
      currencyCode
    }
    list {
      id
      name
    }
    actor {
      name
      onBehalfOf
    }
    lines {
      countryCode
      recipientCount
      segmentCount
      creditsPerSegment
      credits
    }
  }
`);

/** Why a message cost what it did: its text as it is cut, and recipients × segments × rate. */
export function Explanation(props: { message: FragmentType<typeof EXPLAINED>; timeZone: string }) {
  const { t } = useTranslation();
  const message = readFragment(EXPLAINED, props.message);
  const kind = message.channel === 'MMS' ? 'MMS' : (message.encoding ?? 'SMS');
  const text = message.text ?? '';
  return (
    <Stack gap="sm">
      <Text fw={600} dir="auto">
        {titleOf(t, message)}
      </Text>
      <Group gap="xs">
        <MessageState status={message.status} />
        {message.list && (
          <Badge size="sm" variant="default" maw="100%" style={{ flexShrink: 1 }}>
            <bdi>{message.list.name}</bdi>
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {formatInstant(message.sentAt ?? message.sendAt, props.timeZone)} ·{' '}
        {t(`segments.kind.${kind}`)} · {creditsText(t, message.credits)} ·{' '}
        {formatMoney(message.cost)}
      </Text>
      {message.actor && <Text size="sm">{senderOf(t, message)}</Text>}
      {text.includes('{{') ? (
        <>
          <Text size="sm" className="pre-wrap" dir="auto">
            {text}
          </Text>
          <Text size="sm" c="dimmed">
            {t('messages.personal')}
          </Text>
        </>
      ) : (
        text !== '' && (
          <DraftSegments
            draft={{ text, withImage: message.channel === 'MMS', smartEncoding: false }}
          />
        )
      )}
      <Text size="sm">{t('messages.formula')}</Text>
      <LinesTable lines={message.lines} />
      {message.channel === 'SMS' && text !== '' && !text.includes('{{') && (
        <SmartSaving text={text} lines={message.lines} />
      )}
    </Stack>
  );
}

/** Who sent or scheduled a message, in words. */
function senderOf(t: TFunction, { actor, sentAt }: ExplainedMessageFragment): string {
  const key = actor?.name ?? t('messages.sentBy.platform');
  const person = actor?.onBehalfOf;
  const how = sentAt ? 'sentBy' : 'scheduledBy';
  return person ? t(`messages.${how}.person`, { person, key }) : t(`messages.${how}.key`, { key });
}
