import { Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { formatInstant } from '../time/format';
import { today } from '../time/period';
import type { MessageDraft } from './draft';
import { sendAtText } from './problems';
import { readSendAt } from './send_at';

/** When a message is sent: now, or on a day at a time of the account's zone. */
export function SendTime(props: {
  timeZone: string;
  draft: MessageDraft;
  error?: string;
  /** It can't be sent now, so that only the day and the time are asked for. */
  isLater?: boolean;
  onChange(change: Partial<MessageDraft>): void;
}) {
  const { t } = useTranslation();
  const { timeZone, draft, onChange } = props;
  const at = readSendAt(draft.day, draft.time, timeZone);
  // What is only begun is no mistake yet.
  const begun = 'problem' in at && at.problem.kind === 'incomplete';
  const error =
    props.error ?? ('problem' in at && !begun ? sendAtText(t, at.problem, timeZone) : undefined);
  return (
    <Stack gap="xs">
      {!props.isLater && (
        <SegmentedControl
          aria-label={t('column.when')}
          value={draft.when}
          onChange={(when) => onChange({ when: when as MessageDraft['when'] })}
          data={[
            { value: 'now', label: t('compose.now') },
            { value: 'later', label: t('compose.later') },
          ]}
        />
      )}
      {draft.when === 'later' && (
        <div>
          <Group gap="md" align="start">
            <TextInput
              type="date"
              label={t('compose.day')}
              min={today(timeZone)}
              value={draft.day}
              error={error !== undefined}
              onChange={(event) => onChange({ day: event.currentTarget.value })}
            />
            <TextInput
              type="time"
              label={t('compose.time')}
              value={draft.time}
              error={error !== undefined}
              onChange={(event) => onChange({ time: event.currentTarget.value })}
            />
          </Group>
          {error ? (
            <Text size="xs" c="red" role="alert" mt={4}>
              {error}
            </Text>
          ) : (
            <Text size="xs" c="dimmed" role="status" mt={4}>
              {'instant' in at ? whenText(t, at, timeZone) : t('scheduled.zone', { timeZone })}
            </Text>
          )}
        </div>
      )}
    </Stack>
  );
}

/** The instant in the account's zone, and in the reader's if theirs is another. */
function whenText(
  t: TFunction,
  at: { instant: string; repeated: boolean },
  timeZone: string,
): string {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const theirs = formatInstant(at.instant, here);
  const parts = [t('compose.at', { at: formatInstant(at.instant, timeZone), timeZone })];
  if (theirs !== formatInstant(at.instant, timeZone)) {
    parts.push(t('compose.atHere', { at: theirs, timeZone: here }));
  }
  if (at.repeated) parts.push(t('compose.repeated'));
  return parts.join(' ');
}
