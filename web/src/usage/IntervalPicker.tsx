import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Interval } from '../generated/graphql';

/** Every interval, in the order shown; the type makes a missing one an error. */
const INTERVALS = Object.keys({
  HOUR: true,
  DAY: true,
  WEEK: true,
  MONTH: true,
} satisfies Record<Interval, true>) as Interval[];

/** Chooses the width of the chart's bars. Intervals too fine for the period are disabled. */
export function IntervalPicker(props: {
  interval: Interval;
  fits(interval: Interval): boolean;
  onChange(interval: Interval): void;
}) {
  const { t } = useTranslation();
  return (
    <NativeSelect
      label={t('usage.by')}
      w={120}
      value={props.interval}
      onChange={(event) => props.onChange(event.currentTarget.value as Interval)}
      data={INTERVALS.map((value) => ({
        value,
        label: t(`usage.interval.${value}`),
        disabled: !props.fits(value),
      }))}
    />
  );
}
