import { Stack, Text, TextInput } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { creditsText } from './credits';
import { formatMoney } from './decimal';
import { type Problem, readNumber, type Unit } from './reading';

interface Props {
  /** What it is for; a field in a table has no visible label but `aria-label`. */
  label?: string;
  'aria-label'?: string;
  description?: string;
  unit: Unit;
  /** The text as typed. */
  value: string;
  /** What the server, or a failed attempt to save, says about it. */
  error?: string;
  autoFocus?: boolean;
  size?: 'xs' | 'sm';
  onChange(typed: string): void;
}

/**
 * A field for credits or money. It reads what is typed as the page's language writes numbers, and
 * shows beside it what was understood.
 */
export function NumberField(props: Props) {
  const { t } = useTranslation();
  const { unit, value, error } = props;
  const reading = readNumber(value, unit);
  const understood = 'value' in reading;
  const hint = understood ? inWords(t, reading.value, unit) : hintOf(t, reading.problem, unit);
  return (
    <Stack gap={2}>
      <TextInput
        label={props.label}
        aria-label={props['aria-label']}
        description={props.description}
        size={props.size}
        inputMode="decimal"
        autoComplete="off"
        data-autofocus={props.autoFocus || undefined}
        value={value}
        error={error}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
      <Text size="xs" role="status" c={understood ? 'dimmed' : 'red'} mih="1.2em">
        {error ? '' : hint}
      </Text>
    </Stack>
  );
}

/** "1,500 credits", or "€49.90". */
function inWords(t: TFunction, value: string, unit: Unit): string {
  return unit.kind === 'credits'
    ? creditsText(t, value)
    : formatMoney({ amount: value, currencyCode: unit.currencyCode });
}

function hintOf(t: TFunction, problem: Problem, unit: Unit): string {
  return problem.kind === 'empty' ? '' : problemText(t, problem, unit);
}

/** Why a number is refused, and how to write it. */
export function problemText(t: TFunction, problem: Problem, unit: Unit): string {
  switch (problem.kind) {
    case 'empty':
      return unit.kind === 'credits' ? t('number.enterCredits') : t('number.enterMoney');
    case 'notANumber':
      return unit.kind === 'credits' ? t('number.notCredits') : t('number.notMoney');
    case 'ambiguous':
      return t('number.ambiguous', { thousands: problem.thousands, fraction: problem.fraction });
    case 'otherNotation':
      return t('number.otherNotation', { meant: problem.meant });
    case 'tooPrecise':
      return t('number.tooPrecise', { digits: problem.digits });
    case 'tooLarge':
      return t('number.tooLarge', { digits: problem.digits });
  }
}
