/** Opens the payment page, which leads back here. Only web addresses are followed. */
export function openPayment(confirmationUrl: string): void {
  const url = new URL(confirmationUrl, location.href);
  if (url.protocol === 'https:' || url.protocol === 'http:') location.assign(url);
}
