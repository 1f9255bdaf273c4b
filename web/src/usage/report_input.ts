import type { CalendarPeriod, Channel, Interval } from '../generated/graphql';

/** The input of `usageReport`, the same for the page and for the file. */
export interface ReportInput {
  accountId: string;
  from: string;
  to: string;
  interval: Interval;
  listIds?: string[];
  countryCodes?: string[];
  channel?: Channel;
  /** What the period is the beginning of, so that it is compared with the same days before. */
  partOf?: CalendarPeriod;
  actor?: { apiKeyId?: string; onBehalfOf?: string };
}
