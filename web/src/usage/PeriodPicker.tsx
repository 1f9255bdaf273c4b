import { Group, NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { NAMED_PERIODS, type NamedPeriod, type Period } from '../time/period';
import type { PeriodChoice } from './choice';

const CUSTOM = 'CUSTOM';

/** Chooses a period by name, or by its first and last day, which begin as those of the name. */
export function PeriodPicker(props: {
  choice: PeriodChoice;
  days: Period;
  onChange(choice: PeriodChoice): void;
}) {
  const { t } = useTranslation();
  const { choice, days, onChange } = props;
  return (
    <Group align="end" gap="sm">
      <NativeSelect
        label={t('usage.period')}
        value={typeof choice === 'string' ? choice : CUSTOM}
        data={[...NAMED_PERIODS, CUSTOM].map((value) => ({
          value,
          label: t(`usage.periods.${value as NamedPeriod | typeof CUSTOM}`),
        }))}
        onChange={({ currentTarget: { value } }) =>
          onChange(NAMED_PERIODS.find((one) => one === value) ?? days)
        }
      />
      {typeof choice !== 'string' && (
        <>
          <TextInput
            type="date"
            label={t('usage.firstDay')}
            value={days.first}
            onChange={(event) => onChange({ ...days, first: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label={t('usage.lastDay')}
            value={days.last}
            onChange={(event) => onChange({ ...days, last: event.currentTarget.value })}
          />
        </>
      )}
    </Group>
  );
}
