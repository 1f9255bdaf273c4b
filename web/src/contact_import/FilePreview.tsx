import { Alert, Stack, Table, Text } from '@mantine/core';
import { type FragmentType, graphql, readFragment } from '../generated';
import { Warnings } from './Warnings';

export const FILE_PREVIEW = graphql(`
  fragment FilePreview on ContactImportPreview {
    delimiter
    encoding
    sheet
    columns {
      header
    }
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
  const preview = readFragment(FILE_PREVIEW, props.preview);
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {kind(preview)}
      </Text>
      {preview.problem && !props.isMapped && (
        <Alert color="yellow" role="note" title="The file can’t be imported without changes">
          {preview.problem}
        </Alert>
      )}
      <Warnings caption="Warnings" warnings={preview.warnings} />
      {preview.rows.length > 0 && (
        <section
          className="first-rows"
          aria-label="First rows of the file"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must reach hidden cells.
          tabIndex={0}
        >
          <Table className="data-table table" verticalSpacing={4} horizontalSpacing="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">Line</Table.Th>
                {preview.columns.map(({ header }, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its position alone.
                  <Table.Th scope="col" key={index}>
                    {header || `Column ${index + 1}`}
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
                    <Table.Td key={index}>{row.cells[index]}</Table.Td>
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

const DELIMITERS: Record<string, string> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'vertical bars',
};

function kind(file: {
  delimiter?: string | null;
  encoding?: string | null;
  sheet?: string | null;
}): string {
  if (file.sheet != null) return `Excel workbook, sheet “${file.sheet}”.`;
  const { delimiter } = file;
  const separated = delimiter ? `, separated by ${DELIMITERS[delimiter] ?? delimiter}` : '';
  return `CSV in ${file.encoding ?? 'an unknown encoding'}${separated}.`;
}
