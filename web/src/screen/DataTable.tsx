import { Table, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatDecimal, fractionDigits } from '../number/decimal';
import { signed } from '../number/signed';

interface Heading {
  /** The heading, and the cell's label when rows are cards. */
  title: string;
  /** For screen readers only. */
  hideTitle?: boolean;
}

interface PlainColumn<Row> extends Heading {
  cell(row: Row): ReactNode;
  /** The column that names the row. */
  heading?: boolean;
  /** Right-aligned with tabular figures, so that digits align. */
  numeric?: boolean;
  /** As wide as the card when rows are cards. */
  wide?: boolean;
}

/**
 * Exact decimals, all with as many fraction digits as the longest, so that decimal points align.
 */
interface DecimalColumn<Row> extends Heading {
  decimal(row: Row): string | null | undefined;
  /** Changes, each with its sign. */
  signed?: boolean;
  /** What stands where there is no decimal; a dash if it is left out. */
  none?: string;
}

export type Column<Row> = PlainColumn<Row> | DecimalColumn<Row>;

/**
 * A table. On a narrow screen its rows become cards, or, if it must stay a table, it scrolls
 * sideways in its own frame.
 */
export function DataTable<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  narrow?: 'cards' | 'table';
}) {
  const narrow = props.narrow ?? 'cards';
  const columns = props.columns.map((column) => spellOut(column, props.rows));
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
                className={isNumeric(column) ? 'numeric' : undefined}
              >
                {column.hideTitle ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.rows.map((row) => (
            <Table.Tr key={props.rowKey(row)}>
              {columns.map((column) => (
                <Cell key={column.title} column={column} row={row} />
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function isNumeric<Row>(column: Column<Row>): boolean {
  return 'decimal' in column || column.numeric === true;
}

/** Wraps a column of decimals as a column of cells. */
function spellOut<Row>(column: Column<Row>, rows: readonly Row[]): PlainColumn<Row> {
  if (!('decimal' in column)) return column;
  const { decimal, signed: isChange, none = '—', ...heading } = column;
  const digits = Math.max(0, ...rows.map((row) => fractionDigits(decimal(row) ?? '')));
  const cell = (row: Row) => {
    const value = decimal(row);
    if (value == null) return none;
    return isChange ? signed(value, digits) : formatDecimal(value, digits);
  };
  return { ...heading, numeric: true, cell };
}

function Cell<Row>({ column, row }: { column: PlainColumn<Row>; row: Row }) {
  if (column.heading) {
    return (
      <Table.Th scope="row" fw={500}>
        <bdi>{column.cell(row)}</bdi>
      </Table.Th>
    );
  }
  return (
    <Table.Td
      className={column.numeric ? 'numeric' : column.wide ? 'wide' : undefined}
      data-title={column.hideTitle ? undefined : column.title}
    >
      {column.cell(row)}
    </Table.Td>
  );
}
