import { Group, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type NamedPeriod, namedPeriod, type Period } from '../time/period';

type Choice = NamedPeriod | 'CUSTOM';

const CHOICES: readonly Choice[] = ['THIS_MONTH', 'LAST_MONTH', 'LAST_12_MONTHS', 'CUSTOM'];

/** Chooses a period by name, or by its first and last day. */
export function PeriodPicker(props: {
  period: Period;
  today: string;
  onChange(period: Period): void;
}) {
  const { t } = useTranslation();
  const { period, today, onChange } = props;
  const [choice, setChoice] = useState<Choice>('THIS_MONTH');

  function choose(next: Choice) {
    setChoice(next);
    if (next !== 'CUSTOM') onChange(namedPeriod(next, today));
  }

  return (
    <Group align="end" gap="sm">
      <NativeSelect
        label={t('usage.period')}
        value={choice}
        data={CHOICES.map((value) => ({ value, label: t(`usage.periods.${value}`) }))}
        onChange={(event) => choose(event.currentTarget.value as Choice)}
      />
      {choice === 'CUSTOM' && (
        <>
          <TextInput
            type="date"
            label={t('usage.firstDay')}
            value={period.first}
            onChange={(event) => onChange({ ...period, first: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label={t('usage.lastDay')}
            value={period.last}
            onChange={(event) => onChange({ ...period, last: event.currentTarget.value })}
          />
        </>
      )}
    </Group>
  );
}
