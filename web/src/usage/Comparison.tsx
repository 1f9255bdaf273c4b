import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import { formatCount, formatDecimal, isNegative, isZero, negated, sum } from '../number/decimal';
import { formatDays } from '../time/format';
import { dayAt, dayBefore } from '../time/period';

const COMPARISON = graphql(`
  fragment Comparison on UsageReport {
    totals {
      messageCount
      credits
    }
    previous {
      from
      to
      usage {
        messageCount
        credits
      }
    }
  }
`);

/** The period that this one is compared with, its usage, and by how much this period differs. */
export function Comparison(props: { report: FragmentType<typeof COMPARISON>; timeZone: string }) {
  const { t } = useTranslation();
  const { totals, previous } = readFragment(COMPARISON, props.report);
  if (!previous) return null;
  const { from, to, usage } = previous;
  const days = formatDays(dayAt(from, props.timeZone), dayBefore(dayAt(to, props.timeZone)));
  if (usage.messageCount === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('usage.nothingBefore', { days })}
      </Text>
    );
  }
  return (
    <Text size="sm" c="dimmed">
      {t('usage.before', {
        days,
        credits: formatDecimal(usage.credits),
        creditsChange: change(totals.credits, usage.credits),
        messages: formatCount(usage.messageCount),
        messagesChange: change(String(totals.messageCount), String(usage.messageCount)),
      })}
    </Text>
  );
}

/** By how much a figure has changed, with its sign: "+1,200", "−40", "±0". */
function change(now: string, before: string): string {
  const difference = sum([now, negated(before)]);
  if (isZero(difference)) return '±0';
  return isNegative(difference)
    ? `−${formatDecimal(negated(difference))}`
    : `+${formatDecimal(difference)}`;
}
