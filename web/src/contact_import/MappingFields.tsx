import { Checkbox, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { type Column, DataTable } from '../screen/DataTable';
import {
  type Choices,
  type ColumnChoice,
  type FileColumn,
  isAsGuessed,
  isNameable,
} from './mapping';

interface Props {
  columns: readonly FileColumn[];
  /** The file's first rows, to distinguish columns. */
  rows: readonly { cells: readonly string[] }[];
  choices: Choices;
  /** What is wrong with the choice of the phone numbers' column. */
  phoneError?: string;
  /** What is wrong with columns, by their position in the file. */
  columnErrors: ReadonlyMap<number, string>;
  onChange(choices: Choices): void;
}

interface Row {
  index: number;
  label: string;
  choice: ColumnChoice;
}

const EXAMPLES = 3;

/** Chooses the column of phone numbers, and the merge field of each other column. */
export function MappingFields(props: Props) {
  const { t } = useTranslation();
  const { columns, choices, onChange } = props;
  const labels = columns.map(
    ({ header }, index) => header || t('import.columnWithoutName', { index: index + 1 }),
  );
  const own = columns.map((_, index) => isNameable(columns, index));
  const asGuessed = isAsGuessed(columns, choices);

  function change(index: number, part: Partial<ColumnChoice>) {
    const changed = choices.columns.map((one, at) => (at === index ? { ...one, ...part } : one));
    onChange({ ...choices, columns: changed });
  }

  const shown: Column<Row>[] = [
    { title: t('column.column'), heading: true, cell: (row) => row.label },
    {
      title: t('import.firstValues'),
      cell: (row) => (
        <Text size="sm" className="pre-wrap">
          {examples(props.rows, row.index)}
        </Text>
      ),
    },
    {
      title: t('action.import'),
      cell: ({ index, label, choice }) => (
        <Checkbox
          aria-label={t('import.importColumn', { column: label })}
          disabled={!own[index]}
          checked={choice.included && (own[index] || asGuessed)}
          onChange={(event) => change(index, { included: event.currentTarget.checked })}
        />
      ),
    },
    {
      title: t('import.mergeField'),
      cell: ({ index, label, choice }) =>
        own[index] ? (
          <TextInput
            size="xs"
            aria-label={t('import.mergeFieldOf', { column: label })}
            disabled={!choice.included}
            value={choice.included ? choice.mergeField : ''}
            error={props.columnErrors.get(index)}
            onChange={(event) => change(index, { mergeField: event.currentTarget.value })}
          />
        ) : (
          <Text size="xs" c="dimmed">
            {fixed(t, columns[index], asGuessed)}
          </Text>
        ),
    },
  ];

  const rows = columns
    .map((_, index) => ({ index, label: labels[index] ?? '', choice: choices.columns[index] }))
    .filter((row): row is Row => row.index !== choices.phone && row.choice !== undefined);

  return (
    <Stack gap="sm">
      <NativeSelect
        label={t('import.phoneIn')}
        value={choices.phone === undefined ? '' : String(choices.phone)}
        error={props.phoneError}
        onChange={(event) => {
          const { value } = event.currentTarget;
          onChange({ ...choices, phone: value === '' ? undefined : Number(value) });
        }}
      >
        <option value="" disabled>
          {t('import.chooseColumn')}
        </option>
        {columns.map((column, index) => (
          <option
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its position alone.
            key={index}
            value={String(index)}
            disabled={!own[index] && !column.isPhoneColumn}
          >
            {labels[index]}
          </option>
        ))}
      </NativeSelect>
      {rows.length > 0 && (
        <DataTable
          caption={t('import.mappingCaption')}
          columns={shown}
          rows={rows}
          rowKey={(row) => String(row.index)}
        />
      )}
    </Stack>
  );
}

function examples(rows: Props['rows'], index: number): string {
  const values = rows.map((row) => row.cells[index] ?? '').filter((value) => value !== '');
  return values.slice(0, EXAMPLES).join('\n') || '—';
}

/** The note for a column that its header can't identify. */
function fixed(t: TFunction, column: FileColumn | undefined, asGuessed: boolean): string {
  if (!column?.header) return t('import.leftOutUnnamed');
  if (asGuessed && column.mergeField) return `{{${column.mergeField}}}`;
  return t('import.leftOutRepeated');
}
