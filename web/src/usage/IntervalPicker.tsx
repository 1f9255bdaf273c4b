import { NativeSelect } from '@mantine/core';
import type { Interval } from '../generated/graphql';

const TITLES: Record<Interval, string> = {
  HOUR: 'Hour',
  DAY: 'Day',
  WEEK: 'Week',
  MONTH: 'Month',
};

/** Chooses the width of the chart's bars. Intervals too fine for the period are disabled. */
export function IntervalPicker(props: {
  interval: Interval;
  fits(interval: Interval): boolean;
  onChange(interval: Interval): void;
}) {
  return (
    <NativeSelect
      label="By"
      w={100}
      value={props.interval}
      onChange={(event) => props.onChange(event.currentTarget.value as Interval)}
      data={(Object.keys(TITLES) as Interval[]).map((value) => ({
        value,
        label: TITLES[value],
        disabled: !props.fits(value),
      }))}
    />
  );
}
