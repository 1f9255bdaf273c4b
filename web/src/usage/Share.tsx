import { Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { percent } from '../number/decimal';

/** A part's share of the whole, as a bar beside its figure. */
export function Share({ part, whole }: { part: string; whole: string }) {
  const { t } = useTranslation();
  const value = percent(part, whole);
  return (
    <Progress
      value={value}
      size="sm"
      miw={60}
      color="var(--mantine-primary-color-light-color)"
      aria-label={t('usage.share', { percent: value })}
    />
  );
}
