import { Alert, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { countryName } from '../country/countries';
import { formatCount, formatDecimal } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { type Change, changesBetween } from './changes';
import type { LineError, RateRow, ReadFile } from './csv';
import { plain } from './DownloadRates';

/** Lines and changes shown: more than anybody reads. */
const SHOWN = 100;

/** What a file holds: its errors by line, or what it changes against the version before. */
export function FileContent(props: {
  read: ReadFile;
  before?: { code: string; version: number };
  rates: readonly Parameters<typeof plain>[0][];
}) {
  const { t } = useTranslation();
  const { read, before } = props;
  if ('errors' in read) {
    return (
      <Alert color="red" role="alert" title={t('rates.unreadable', { count: read.errors.length })}>
        <DataTable
          caption={t('rates.errors')}
          columns={errorColumns(t)}
          rows={read.errors.slice(0, SHOWN)}
          rowKey={(error) => `${error.line} ${error.problem} ${error.value}`}
        />
        <More shown={SHOWN} all={read.errors.length} />
      </Alert>
    );
  }
  const changes = changesBetween(props.rates.map(plain), read.rows);
  const count = (is: (change: Change) => boolean) => changes.filter(is).length;
  return (
    <Stack gap="xs">
      <Text size="sm" role="status">
        {t('rates.rows', { count: read.rows.length })}{' '}
        {before
          ? changes.length === 0
            ? t('rates.nothingChanges', { version: before.version })
            : t('rates.changes', {
                version: before.version,
                changed: formatCount(count(({ before: was, after: is }) => Boolean(was && is))),
                added: formatCount(count(({ before: was }) => !was)),
                removed: formatCount(count(({ after: is }) => !is)),
              })
          : null}
      </Text>
      {changes.length > 0 && (
        <DataTable
          caption={t('rates.changeCaption')}
          columns={changeColumns(t)}
          rows={changes.slice(0, SHOWN)}
          rowKey={(change) => change.countryCode ?? '*'}
        />
      )}
      <More shown={SHOWN} all={changes.length} />
    </Stack>
  );
}

function errorColumns(t: TFunction): Column<LineError>[] {
  return [
    { title: t('column.line'), numeric: true, cell: (error) => formatCount(error.line) },
    { title: t('column.value'), cell: (error) => <span className="pre-wrap">{error.value}</span> },
    { title: t('column.reason'), cell: (error) => t(`rates.problem.${error.problem}`) },
  ];
}

function changeColumns(t: TFunction): Column<Change>[] {
  return [
    {
      title: t('column.country'),
      heading: true,
      cell: ({ countryCode }) => (countryCode ? countryName(countryCode) : t('rates.others')),
    },
    // The channels' own names.
    { title: 'SMS', cell: (change) => step(t, change, (row) => row.sms), numeric: true },
    { title: 'MMS', cell: (change) => step(t, change, (row) => row.mms), numeric: true },
    {
      title: t('rates.what'),
      cell: ({ before, after }) =>
        !before ? t('rates.added') : after ? t('rates.changed') : t('rates.removed'),
    },
  ];
}

/** "1 → 1.5", or one of the two if they are the same or the only one. */
function step(t: TFunction, change: Change, of: (row: RateRow) => string | null): string {
  const show = (row: RateRow) => {
    const credits = of(row);
    return credits === null ? t('country.notServed') : formatDecimal(credits);
  };
  const { before, after } = change;
  if (!before || !after) {
    const only = after ?? before;
    return only ? show(only) : '—';
  }
  return show(before) === show(after) ? show(after) : `${show(before)} → ${show(after)}`;
}

function More({ shown, all }: { shown: number; all: number }) {
  const { t } = useTranslation();
  if (all <= shown) return null;
  return (
    <Text size="xs" c="dimmed">
      {t('import.firstOf', { shown: formatCount(shown), all: formatCount(all) })}
    </Text>
  );
}
