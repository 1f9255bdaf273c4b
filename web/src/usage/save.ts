/** Follows the link without leaving the page. */
export function save({ url, fileName }: { url: string; fileName: string }) {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  document.body.append(link);
  link.click();
  link.remove();
}
