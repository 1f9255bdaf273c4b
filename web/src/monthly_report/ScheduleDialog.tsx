import { NativeSelect, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import type { Interval, ReportFormat } from '../generated/graphql';
import { FormDialog } from '../screen/FormDialog';
import { otherErrors, received, type UserError } from '../screen/user_errors';

const UPDATE = graphql(`
  mutation UpdateMonthlyReports($input: UpdateMonthlyReportsInput!) {
    updateMonthlyReports(input: $input) {
      schedule {
        enabled
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** Every choice, in the order shown; the types make a missing one an error. */
const FORMATS = Object.keys({ XLSX: true, CSV: true } satisfies Record<ReportFormat, true>);
const INTERVALS = Object.keys({
  HOUR: true,
  DAY: true,
  WEEK: true,
  MONTH: true,
} satisfies Record<Interval, true>);

/** Turns the monthly reports on or off, and sets what they hold. */
export function ScheduleDialog(props: {
  accountId: string;
  schedule: { enabled: boolean; format: ReportFormat; interval: Interval };
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { accountId, schedule, onClose } = props;
  const [enabled, setEnabled] = useState(true);
  const [format, setFormat] = useState(schedule.format);
  const [interval, setInterval] = useState(schedule.interval);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, update] = useMutation(UPDATE);

  async function submit() {
    const { data } = await update({ input: { accountId, enabled, format, interval } });
    if (!data) return;
    const { userErrors } = data.updateMonthlyReports;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('monthly.title')}
      action={t('action.save')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals)}
      onSubmit={submit}
      onClose={onClose}
    >
      <Switch
        label={t('monthly.switch')}
        description={t('monthly.switchMeaning')}
        checked={enabled}
        onChange={(event) => setEnabled(event.currentTarget.checked)}
      />
      {enabled && (
        <>
          <NativeSelect
            label={t('column.format')}
            value={format}
            data={FORMATS.map((value) => ({
              value,
              label: t(`monthly.formats.${value as ReportFormat}`),
            }))}
            onChange={(event) => setFormat(event.currentTarget.value as ReportFormat)}
          />
          <NativeSelect
            label={t('monthly.by')}
            value={interval}
            data={INTERVALS.map((value) => ({
              value,
              label: t(`usage.interval.${value as Interval}`),
            }))}
            onChange={(event) => setInterval(event.currentTarget.value as Interval)}
          />
        </>
      )}
    </FormDialog>
  );
}
