import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { MessageStatus } from '../generated/graphql';

const COLORS: Record<MessageStatus, string> = {
  SCHEDULED: 'cyan',
  SENT: 'teal',
  CANCELED: 'gray',
};

/** A message's state, in a word. */
export function MessageState({ status }: { status: MessageStatus }) {
  const { t } = useTranslation();
  return (
    <Badge size="sm" variant="light" color={COLORS[status]}>
      {t(`messageState.${status}`)}
    </Badge>
  );
}
