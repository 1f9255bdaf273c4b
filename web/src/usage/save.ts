/** Follows the link without leaving the page. */
export function save({ url, fileName }: { url: string; fileName: string }) {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Saves a text that the page made as a file. */
export function saveText(text: string, fileName: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  save({ url, fileName });
  // The download has its own copy by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
