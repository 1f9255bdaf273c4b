/** A column of a file, as described by the server's preview. */
export interface FileColumn {
  header: string;
  /** Its merge field; undefined if the server would leave it out. */
  mergeField?: string | null;
  isPhoneColumn: boolean;
}

/** How one column is used. */
export interface ColumnChoice {
  included: boolean;
  mergeField: string;
}

/** How all of a file's columns are used. */
export interface Choices {
  /** The position of the phone numbers' column; undefined until one is chosen. */
  phone: number | undefined;
  columns: readonly ColumnChoice[];
}

/** How the server would use a file's columns without a mapping. */
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

/** Whether a column can be named to the server: no other column has its header. */
export function isNameable(columns: readonly FileColumn[], index: number): boolean {
  const header = columns[index]?.header.trim();
  if (!header) return false;
  return columns.filter((column) => column.header.trim() === header).length === 1;
}

/**
 * Whether the columns are used as the server would use them. If the server recognised another phone
 * column, it would store that one, too.
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

/** The mapping of a file's columns for importContacts. */
export interface MappingInput {
  phoneColumn?: string;
  columns?: { header: string; mergeField: string }[];
  /** The position in the file of each of `columns`. */
  positions: number[];
}

/**
 * Contains only the differences from the server's guess; columns with a repeated header can't be
 * named.
 */
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
