import { Alert, Stack, Table, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import { serverText } from '../screen/server_text';
import { Warnings } from './Warnings';

export const FILE_PREVIEW = graphql(`
  fragment FilePreview on ContactImportPreview {
    delimiter
    encoding
    sheet
    columns {
      header
    }
    phoneColumn
    problem
    rows {
      line
      cells
    }
    warnings {
      line
      column
      reason
    }
  }
`);

/**
 * How the server reads a file: its format, its first rows, and the problem to solve by mapping its
 * columns.
 */
export function FilePreview(props: {
  preview: FragmentType<typeof FILE_PREVIEW>;
  isMapped: boolean;
}) {
  const { t } = useTranslation();
  const preview = readFragment(FILE_PREVIEW, props.preview);
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {kind(t, preview)}
      </Text>
      {preview.problem && !props.isMapped && (
        <Alert color="yellow" role="note" title={t('import.needsMapping')}>
          {preview.phoneColumn == null ? t('import.needsNumbers') : serverText(preview.problem)}
        </Alert>
      )}
      <Warnings caption={t('import.warnings')} warnings={preview.warnings} />
      {preview.rows.length > 0 && (
        <section
          className="first-rows"
          aria-label={t('import.firstRows')}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must reach hidden cells.
          tabIndex={0}
        >
          <Table className="data-table table" verticalSpacing={4} horizontalSpacing="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col" className="numeric" w="1%">
                  {t('column.line')}
                </Table.Th>
                {preview.columns.map(({ header }, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its position alone.
                  <Table.Th scope="col" key={index}>
                    {header || t('import.unnamedColumn', { index: index + 1 })}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {preview.rows.map((row) => (
                <Table.Tr key={row.line}>
                  <Table.Th scope="row" fw={400} className="numeric">
                    {row.line}
                  </Table.Th>
                  {preview.columns.map((_, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its position alone.
                    <Table.Td key={index} dir="auto">
                      {row.cells[index]}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
      )}
    </Stack>
  );
}

function kind(
  t: TFunction,
  file: { delimiter?: string | null; encoding?: string | null; sheet?: string | null },
): string {
  if (file.sheet != null) return t('import.workbook', { sheet: file.sheet });
  const encoding = file.encoding ?? t('import.unknownEncoding');
  return file.delimiter
    ? t('import.csvSeparated', { encoding, separator: separator(t, file.delimiter) })
    : t('import.csv', { encoding });
}

function separator(t: TFunction, delimiter: string): string {
  switch (delimiter) {
    case ',':
      return t('import.commas');
    case ';':
      return t('import.semicolons');
    case '\t':
      return t('import.tabs');
    case '|':
      return t('import.bars');
    default:
      return delimiter;
  }
}
