import type { PurchaseStatus } from '../generated/graphql';

/** The colours of a payment's states. */
export const COLORS: Record<PurchaseStatus, string> = {
  PENDING: 'yellow',
  UNKNOWN: 'yellow',
  PAID: 'teal',
  CANCELED: 'gray',
  DECLINED: 'red',
  EXPIRED: 'gray',
  FAILED: 'red',
};

/** Whether the payment may still be decided. */
export function isOpen(status: PurchaseStatus): boolean {
  return status === 'PENDING' || status === 'UNKNOWN';
}
