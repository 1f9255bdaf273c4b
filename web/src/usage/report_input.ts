import type { Channel, Interval } from '../generated/graphql';

/** The input of `usageReport`, the same for the page and for the file. */
export interface ReportInput {
  accountId: string;
  from: string;
  to: string;
  interval: Interval;
  listIds?: string[];
  countryCodes?: string[];
  channel?: Channel;
  actor?: { apiKeyId?: string; onBehalfOf?: string };
}
