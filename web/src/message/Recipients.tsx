import { Checkbox, SegmentedControl, Stack, Text, Textarea } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { ListSelect } from '../contact_list/ListSelect';
import type { MessageDraft } from './draft';
import { readNumbers } from './numbers';
import type { Problems } from './problems';

/** Whom a message goes to: a list, or telephone numbers. */
export function Recipients(props: {
  accountId: string;
  draft: MessageDraft;
  problems: Problems;
  onChange(change: Partial<MessageDraft>): void;
}) {
  const { t } = useTranslation();
  const { draft, problems, onChange } = props;
  const count = useMemo(() => readNumbers(draft.numbers).length, [draft.numbers]);
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label={t('compose.to')}
        value={draft.to}
        onChange={(to) => onChange({ to: to as MessageDraft['to'] })}
        data={[
          { value: 'list', label: t('compose.toList') },
          { value: 'numbers', label: t('compose.toNumbers') },
        ]}
      />
      {draft.to === 'list' ? (
        <ListSelect
          accountId={props.accountId}
          value={draft.listId}
          error={problems.list}
          onChange={(listId) => onChange({ listId })}
        />
      ) : (
        <div>
          <Textarea
            label={t('compose.numbers')}
            description={t('compose.numbersMeaning')}
            rows={4}
            // A height that follows 10,000 lines took 0.2 s at every key of the form.
            resize="vertical"
            inputMode="tel"
            autoComplete="off"
            spellCheck={false}
            value={draft.numbers}
            error={problems.numbers && <span className="pre-wrap">{problems.numbers}</span>}
            onChange={(event) => onChange({ numbers: event.currentTarget.value })}
          />
          <Text size="xs" c="dimmed" role="status" mih="1.2em">
            {count > 0 && t('compose.numberCount', { count })}
          </Text>
          <Checkbox
            mt="xs"
            label={t('import.landlines')}
            description={t('import.landlinesMeaning')}
            checked={draft.acceptLandlines}
            onChange={(event) => onChange({ acceptLandlines: event.currentTarget.checked })}
          />
        </div>
      )}
    </Stack>
  );
}
