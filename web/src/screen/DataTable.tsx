import { Table, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';

export interface Column<Row> {
  /** The heading, and the cell's label where rows are cards. */
  title: string;
  /** Numbers are set right-aligned with figures of one width, so that digits stand under digits. */
  numeric?: boolean;
  /** The column that names the row. */
  heading?: boolean;
  /** Read aloud, not shown. */
  hideTitle?: boolean;
  cell(row: Row): ReactNode;
}

/**
 * A table. On a narrow screen its rows become cards, or, where it is asked to stay a table, it scrolls sideways in
 * its own frame.
 */
export function DataTable<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  narrow?: 'cards' | 'table';
}) {
  const narrow = props.narrow ?? 'cards';
  return (
    <Table.ScrollContainer minWidth={0} type="native" className="data-table-frame">
      <Table
        verticalSpacing={6}
        horizontalSpacing="sm"
        highlightOnHover
        className={`data-table ${narrow}`}
      >
        <VisuallyHidden component="caption">{props.caption}</VisuallyHidden>
        <Table.Thead>
          <Table.Tr>
            {props.columns.map((column) => (
              <Table.Th
                key={column.title}
                scope="col"
                className={column.numeric ? 'numeric' : undefined}
              >
                {column.hideTitle ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.rows.map((row) => (
            <Table.Tr key={props.rowKey(row)}>
              {props.columns.map((column) => (
                <Cell key={column.title} column={column} row={row} />
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  if (column.heading) {
    return (
      <Table.Th scope="row" fw={500}>
        {column.cell(row)}
      </Table.Th>
    );
  }
  return (
    <Table.Td
      className={column.numeric ? 'numeric' : undefined}
      data-title={column.hideTitle ? undefined : column.title}
    >
      {column.cell(row)}
    </Table.Td>
  );
}
