/** A row of an import that was rejected. */
export interface RejectedRow {
  line: number;
  value: string;
  reason: string;
}

/**
 * Rejected rows as a CSV file, with a byte order mark, without which Excel reads other letters.
 * Values come from a stranger's file: none of them runs as a formula.
 */
export function rejectedFile(rows: readonly RejectedRow[]): string {
  const lines = rows.map(({ line, value, reason }) => [line, cell(value), cell(reason)].join());
  return `\ufeff${['line,value,reason', ...lines].join('\r\n')}\r\n`;
}

/** A name for the file that goes with its source's: "contacts.xlsx" has "contacts-rejected.csv". */
export function rejectedName(fileName: string): string {
  return `${fileName.replace(/\.[^.]*$/, '') || 'import'}-rejected.csv`;
}

/**
 * A text as a cell, with an apostrophe before everything that a spreadsheet would run, whichever
 * delimiter it splits lines at. The server's own files have the same.
 */
function cell(text: string): string {
  const plain = text
    .replace(/(^|[,;\t|\r\n])("*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g, "$1$2'")
    .replace(/^(?=[\t\r\n])/, "'");
  return /[",;\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
