import { Group, NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { NAMED_PERIODS, type NamedPeriod, type Period } from '../time/period';
import type { PeriodChoice } from './choice';

const CUSTOM = 'CUSTOM';

/** The choice of no period. */
const WHOLE = '';

/** Chooses a period by name, or by its first and last day, which begin as those of the name. */
export function PeriodPicker(props: {
  /** Undefined if all time is chosen. */
  choice: PeriodChoice | undefined;
  days: Period;
  /** Offers all time, too. */
  onWhole?(): void;
  onChange(choice: PeriodChoice): void;
}) {
  const { t } = useTranslation();
  const { choice = WHOLE, days, onWhole, onChange } = props;
  return (
    <Group align="end" gap="sm">
      <NativeSelect
        label={t('usage.period')}
        value={typeof choice === 'string' ? choice : CUSTOM}
        data={[
          ...(onWhole ? [{ value: WHOLE, label: t('history.allTime') }] : []),
          ...[...NAMED_PERIODS, CUSTOM].map((value) => ({
            value,
            label: t(`usage.periods.${value as NamedPeriod | typeof CUSTOM}`),
          })),
        ]}
        onChange={({ currentTarget: { value } }) => {
          if (value === WHOLE) onWhole?.();
          else onChange(NAMED_PERIODS.find((one) => one === value) ?? days);
        }}
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
