import type { PurchaseStatus } from '../generated/graphql';

/** The states of a payment in an owner's words. */
export const STATUSES: Record<PurchaseStatus, { title: string; color: string; meaning: string }> = {
  PENDING: {
    title: 'Awaiting approval',
    color: 'yellow',
    meaning: 'the owner has not decided yet.',
  },
  UNKNOWN: {
    title: 'Being checked',
    color: 'yellow',
    meaning: 'the payment provider has not answered. It is asked again until it does.',
  },
  PAID: { title: 'Paid', color: 'teal', meaning: 'the credits are in the account.' },
  DECLINED: { title: 'Declined', color: 'red', meaning: 'nothing was charged.' },
  EXPIRED: { title: 'Lapsed', color: 'gray', meaning: 'nobody decided in time.' },
  FAILED: { title: 'Failed', color: 'red', meaning: 'the payment could not be taken.' },
};

/** Whether the payment may still be decided. */
export function isOpen(status: PurchaseStatus): boolean {
  return status === 'PENDING' || status === 'UNKNOWN';
}
