import { Group, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type NamedPeriod, namedPeriod, type Period } from '../time/period';

type Choice = NamedPeriod | 'CUSTOM';

const CHOICES: { value: Choice; label: string }[] = [
  { value: 'THIS_MONTH', label: 'This month' },
  { value: 'LAST_MONTH', label: 'Last month' },
  { value: 'LAST_12_MONTHS', label: 'Last 12 months' },
  { value: 'CUSTOM', label: 'Custom' },
];

/** Chooses a period by name, or by its first and last day. */
export function PeriodPicker(props: {
  period: Period;
  today: string;
  onChange(period: Period): void;
}) {
  const { period, today, onChange } = props;
  const [choice, setChoice] = useState<Choice>('THIS_MONTH');

  function choose(next: Choice) {
    setChoice(next);
    if (next !== 'CUSTOM') onChange(namedPeriod(next, today));
  }

  return (
    <Group align="end" gap="sm">
      <NativeSelect
        label="Period"
        value={choice}
        data={CHOICES}
        onChange={(event) => choose(event.currentTarget.value as Choice)}
      />
      {choice === 'CUSTOM' && (
        <>
          <TextInput
            type="date"
            label="First day"
            value={period.first}
            onChange={(event) => onChange({ ...period, first: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label="Last day"
            value={period.last}
            onChange={(event) => onChange({ ...period, last: event.currentTarget.value })}
          />
        </>
      )}
    </Group>
  );
}
