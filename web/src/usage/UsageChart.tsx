import { Box, Paper, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import {
  Bar,
  BarChart,
  CartesianGrid,
  ResponsiveContainer,
  Tooltip,
  type TooltipContentProps,
  XAxis,
  YAxis,
} from 'recharts';
import { LOCALES, language } from '../language/languages';
import { creditsText } from '../number/credits';
import { toPlottable } from '../number/decimal';

interface UsageBar {
  name: string;
  credits: string;
}

/**
 * Bars of credits. Their heights are floats, which looks the same; the tooltip has the exact
 * figure.
 */
export function UsageChart({ bars }: { bars: UsageBar[] }) {
  const { t } = useTranslation();
  const compact = new Intl.NumberFormat(LOCALES[language()], {
    notation: 'compact',
    maximumSignificantDigits: 3,
  });
  const data = bars.map((bar) => ({ ...bar, height: toPlottable(bar.credits) }));
  return (
    <Box h={240} role="img" aria-label={t('usage.chart')}>
      <ResponsiveContainer width="100%" height="100%">
        <BarChart
          data={data}
          margin={{ top: 8, right: 4, bottom: 0, left: 0 }}
          accessibilityLayer={false}
        >
          <CartesianGrid vertical={false} stroke="var(--mantine-color-default-border)" />
          <XAxis
            dataKey="name"
            tickLine={false}
            axisLine={false}
            minTickGap={16}
            tick={TICK}
            stroke="var(--mantine-color-default-border)"
          />
          <YAxis
            width={44}
            tickLine={false}
            axisLine={false}
            tick={TICK}
            tickFormatter={(value: number) => compact.format(value)}
          />
          <Tooltip
            cursor={{ fill: 'var(--mantine-color-default-hover)' }}
            isAnimationActive={false}
            content={Figure}
          />
          <Bar
            dataKey="height"
            fill="var(--mantine-primary-color-filled)"
            maxBarSize={36}
            radius={[2, 2, 0, 0]}
            isAnimationActive={false}
          />
        </BarChart>
      </ResponsiveContainer>
    </Box>
  );
}

const TICK = { fontSize: 12, fill: 'var(--mantine-color-dimmed)' };

function Figure({ active, payload }: TooltipContentProps) {
  const { t } = useTranslation();
  const bar = payload[0]?.payload as UsageBar | undefined;
  if (!active || !bar) return null;
  return (
    <Paper withBorder shadow="sm" px="sm" py={6}>
      <Text size="xs" c="dimmed">
        {bar.name}
      </Text>
      <Text size="sm">{creditsText(t, bar.credits)}</Text>
    </Paper>
  );
}
