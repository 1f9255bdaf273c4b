import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { countryName } from '../country/countries';
import { formatCount } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';

interface Line {
  countryCode: string;
  recipientCount: number;
  segmentCount: number;
  creditsPerSegment?: string | null;
  credits: string;
}

/** What a message costs by destination: recipients × segments × the country's rate. */
export function LinesTable({ lines }: { lines: readonly Line[] }) {
  const { t } = useTranslation();
  return (
    <DataTable
      caption={t('quote.byDestination')}
      columns={columns(t)}
      rows={lines}
      rowKey={(line) => `${line.countryCode} ${line.segmentCount}`}
    />
  );
}

function columns(t: TFunction): Column<Line>[] {
  return [
    {
      title: t('column.destination'),
      heading: true,
      cell: (line) => countryName(line.countryCode),
    },
    {
      title: t('column.recipients'),
      numeric: true,
      cell: (line) => formatCount(line.recipientCount),
    },
    {
      title: t('column.segmentsEach'),
      numeric: true,
      cell: (line) => formatCount(line.segmentCount),
    },
    {
      title: t('column.perSegment'),
      decimal: (line) => line.creditsPerSegment,
      none: t('country.notServed'),
    },
    { title: t('column.credits'), decimal: (line) => line.credits },
  ];
}
