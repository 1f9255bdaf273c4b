import type { Interval } from '../generated/graphql';

/** What `usageReport` is asked for: the same for the page and for the file. */
export interface ReportInput {
  accountId: string;
  from: string;
  to: string;
  interval: Interval;
}
