/** A column of a file, as the server's preview describes it. */
export interface FileColumn {
  header: string;
  /** The merge field that it would become; nothing if it would be left out. */
  mergeField?: string | null;
  isPhoneColumn: boolean;
}

/** What becomes of one column. */
export interface ColumnChoice {
  included: boolean;
  mergeField: string;
}

/** What becomes of all of a file's columns. */
export interface Choices {
  /** The position of the column with the phone numbers; nothing while none is chosen. */
  phone: number | undefined;
  columns: readonly ColumnChoice[];
}

/** What the server would do with a file by itself. */
export function guessed(columns: readonly FileColumn[]): Choices {
  const phone = columns.findIndex((column) => column.isPhoneColumn);
  return {
    phone: phone < 0 ? undefined : phone,
    columns: columns.map(({ mergeField }) => ({
      included: mergeField != null,
      mergeField: mergeField ?? '',
    })),
  };
}

/** Whether a column can be named to the server: its header is no other column's. */
export function isNameable(columns: readonly FileColumn[], index: number): boolean {
  const header = columns[index]?.header.trim();
  if (!header) return false;
  return columns.filter((column) => column.header.trim() === header).length === 1;
}

/**
 * Whether the columns become what the server would make of them. If it knew another column as that of the phone numbers,
 * it would store that one, too.
 */
export function isAsGuessed(columns: readonly FileColumn[], choices: Choices): boolean {
  const guess = guessed(columns);
  if (guess.phone !== undefined && guess.phone !== choices.phone) return false;
  return guess.columns.every((column, index) => {
    const choice = choices.columns[index];
    if (index === choices.phone || !choice) return true;
    if (column.included !== choice.included) return false;
    return !column.included || column.mergeField === choice.mergeField.trim();
  });
}

/** What importContacts is told of a file's columns. */
export interface MappingInput {
  phoneColumn?: string;
  columns?: { header: string; mergeField: string }[];
  /** The position in the file of each of `columns`. */
  positions: number[];
}

/** Tells only what differs from what the server would do: headers that are there twice can't be told. */
export function mappingInput(columns: readonly FileColumn[], choices: Choices): MappingInput {
  const phoneColumn = choices.phone === undefined ? undefined : columns[choices.phone]?.header;
  if (isAsGuessed(columns, choices)) {
    return guessed(columns).phone === choices.phone
      ? { positions: [] }
      : { phoneColumn, positions: [] };
  }
  const positions = columns
    .map((_, index) => index)
    .filter(
      (index) =>
        index !== choices.phone &&
        choices.columns[index]?.included === true &&
        isNameable(columns, index),
    );
  return {
    phoneColumn,
    columns: positions.map((index) => ({
      header: columns[index]?.header ?? '',
      mergeField: choices.columns[index]?.mergeField.trim() ?? '',
    })),
    positions,
  };
}
